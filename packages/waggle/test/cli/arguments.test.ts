import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { makePlace, type Place } from "./waggle-process.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace({});
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

describe("help", () => {
  test.each([[["--help"]], [["help"]]])(
    "%j teaches examples, places and exit codes",
    async (args) => {
      const { code, stdout, stderr } = await place.run(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const word of ["Examples:", ".waggle/waggle.db", "Exit codes:", "130", "show last"]) {
        expect(stdout).toContain(word);
      }
    },
  );

  test.each(["run", "runs", "show"])("'%s --help' has examples", async (command) => {
    const { code, stdout } = await place.run([command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`\n  waggle ${command}`);
  });

  test("--version prints the version of the package", async () => {
    const { code, stdout } = await place.run(["--version"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${packageJson.version}\n` });
  });
});

describe("wrong arguments end with 2, a clear message and no stack trace", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["an unknown command", ["rnu"], "(Did you mean run?)"],
    ["an unknown option", ["run", "x", "--jsn"], "(Did you mean --json?)"],
    ["no goal", ["run"], "missing required argument 'goal'"],
    ["a goal without quotes", ["run", "check", "this"], "put in quotes"],
    ["an empty goal", ["run", "  "], "the goal is empty"],
    ["a goal over the limit", ["run", "x".repeat(4_001)], "has 4001 characters (limit 4000)"],
    ["a missing folder", ["run", "x", "--in", "nowhere"], "nowhere does not exist"],
    ["a file for a folder", ["run", "x", "--in", process.execPath], "is no folder"],
    ["an empty folder name", ["run", "x", "--in", ""], "the folder's name is empty"],
    ["an unknown --fail-on", ["run", "x", "--fail-on", "awful"], "'awful' is not one of high,"],
    ["a time of 0", ["run", "x", "--test-timeout", "0"], "'0' is no whole number of seconds"],
    ["an unknown --durability", ["run", "x", "--durability", "no"], "not one of power, process"],
    ["an --out below a file", ["run", "x", "--out", `${process.execPath}/x`], "--out:"],
    ["a bad --limit", ["runs", "--limit", "0"], "no whole number from 1 to 1000"],
    ["a run where there is none", ["show", "last"], "there are no runs in the current folder"],
  ];
  test.concurrent.each(cases)("%s", async (_what, args, message) => {
    const { code, stdout, stderr } = await place.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test("all problems of the values are told at once, and nothing is made", async () => {
    await using own = await makePlace({});
    const args = ["run", "", "--in", "nowhere", "--fail-on", "bad,high", "--durability", "no"];
    const { code, stderr } = await own.run(args);
    expect(code).toBe(2);
    expect(stderr).toContain("4 problems");
    expect(stderr.match(/^ {2}- /gm)).toHaveLength(4);
    expect(existsSync(join(own.cwd, ".waggle"))).toBe(false);
  });
});

describe("input that cannot be used ends with 2", () => {
  test("a folder that may not be read", async () => {
    await using own = await makePlace({});
    await chmod(own.project, 0o000);
    const { code, stderr } = await own.run(["run", "x", "--in", own.project], { obeysModes: true });
    await chmod(own.project, 0o700);
    expect(code).toBe(2);
    expect(stderr).toBe(`waggle: --in: ${own.project} cannot be used (EACCES)\n`);
  });

  test("a current folder that may not be written", async () => {
    await using own = await makePlace({});
    await chmod(own.cwd, 0o555);
    const { code, stderr } = await own.run(["run", "x", "--in", own.project], { obeysModes: true });
    await chmod(own.cwd, 0o755);
    expect(code).toBe(2);
    expect(stderr).toContain(`${own.cwd}/.waggle, which cannot be written (EACCES)`);
  });

  test("a file where the ledger's folder should be", async () => {
    await using own = await makePlace({});
    await writeFile(join(own.cwd, ".waggle"), "");
    const { code, stderr } = await own.run(["run", "x"]);
    expect(code).toBe(2);
    expect(stderr).toContain("which cannot be written (EEXIST)");
  });

  test.each(["run", "runs", "show"])("a file that is no ledger, for '%s'", async (command) => {
    await using own = await makePlace({});
    await mkdir(join(own.cwd, ".waggle"));
    await writeFile(join(own.cwd, ".waggle/waggle.db"), "this is no database, whatever its name\n");
    const { code, stderr } = await own.run([command, ...(command === "runs" ? [] : ["last"])]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^waggle: the ledger cannot be used: .*is no SQLite database\n$/);
  });

  test("a ledger of a newer format", async () => {
    await using own = await makePlace({});
    await mkdir(join(own.cwd, ".waggle"));
    const database = new DatabaseSync(join(own.cwd, ".waggle/waggle.db"));
    database.exec(`create table meta(key text primary key, value text); create table tasks(n int);
      insert into meta values ('format', '99')`);
    database.close();
    const { code, stderr } = await own.run(["run", "x"]);
    expect(code).toBe(2);
    expect(stderr).toContain("has format 99");
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
