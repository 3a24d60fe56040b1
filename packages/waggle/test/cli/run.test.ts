import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, makePlace, type Place, projectWithTests, runOf } from "./waggle-process.ts";

const LONG_MS = 60_000;
const GOAL = "Check this project";

describe("a run of a project whose test fails", { timeout: LONG_MS }, () => {
  let place: Place;
  let ended: Ended;
  beforeAll(async () => {
    place = await makePlace(projectWithTests(0, true));
    ended = await place.run(["run", GOAL, "--in", "../project"]);
  }, LONG_MS);
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  test("ends with 0, for a report with findings is what was asked for", () => {
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("names process and run in its first line", () => {
    const [first] = ended.stdout.split("\n");
    expect(first).toMatch(/^waggle \d+\.\d+\.\d+, process \d+, run [0-9a-f]{12}-1$/);
  });

  test("tells the plan, each task and each recorded step, without a control code", () => {
    for (const line of [
      "plan   5 tasks: inventory, todos, dependencies, tests, report",
      "start  tests: run the project's own tests (qa.test)",
      "step   tests: run the tests",
      "done   tests",
      "done   report",
    ]) {
      expect(ended.stdout.split("\n")).toContain(line);
    }
    expect(ended.stdout).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test("prints the report, and writes it whole into two files", async () => {
    const folder = join(place.cwd, ".waggle/reports", runOf(ended.stdout));
    const markdown = await readFile(join(folder, "report.md"), "utf8");
    const report = JSON.parse(await readFile(join(folder, "report.json"), "utf8"));
    expect(ended.stdout).toContain(markdown);
    expect(ended.stdout).toContain(`written to ${folder}/report.md`);
    expect(report).toMatchObject({ run: runOf(ended.stdout), verdict: "failing", markdown });
    expect((await readdir(folder)).sort()).toEqual(["report.json", "report.md"]);
  });

  test("writes nothing into the project, and keeps its own folder out of version control", async () => {
    expect(existsSync(join(place.project, ".waggle"))).toBe(false);
    expect(await readFile(join(place.cwd, ".waggle/.gitignore"), "utf8")).toBe("*\n");
  });

  test("begins a new run when the one before has ended, with JSON alone on stdout and its own --out", async () => {
    const args = ["run", GOAL, "--in", place.project, "--json", "--out", "here/there"];
    const { code, stdout, stderr } = await place.run([...args, "--fail-on", "info,failing"]);
    const document = JSON.parse(stdout);
    expect(document.run).toBe(runOf(ended.stdout).replace(/-1$/, "-2"));
    expect(document.files.json).toBe(join(place.cwd, "here/there/report.json"));
    expect(JSON.parse(await readFile(document.files.json, "utf8"))).toEqual(document);
    expect(runOf(stderr)).toBe(document.run);
    expect(stderr).toContain("--fail-on failing: the verdict is failing");
    expect(stderr).toMatch(/--fail-on info: \d+ findings of severity info or worse/);
    expect(code).toBe(1);
  });

  test("ends with 0 when --fail-on names what the report does not have", async () => {
    const { code } = await place.run(["run", GOAL, "--in", place.project, "--fail-on", "unknown"]);
    expect(code).toBe(0);
  });

  test("runs the tests without a sandbox only with --no-sandbox, and warns", async () => {
    const args = ["run", GOAL, "--in", place.project, "--no-sandbox", "--json"];
    const { stdout, stderr } = await place.run(args);
    expect(stderr).toContain("warning: --no-sandbox: the project's tests run as you");
    expect(JSON.parse(stdout).facts.tests).toMatchObject({
      status: "failed",
      ranUnsandboxed: true,
    });
  });
});

test("a project without tests gets a report that says so", { timeout: LONG_MS }, async () => {
  await using place = await makePlace({
    "package.json": '{ "name": "bare" }',
    "a.js": "export {};\n",
  });
  const { code, stdout } = await place.run(["run", GOAL, "--in", place.project, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).facts.tests.status).toBe("no-tests");
});

test("an empty folder, which is also the current one, is not called healthy", {
  timeout: LONG_MS,
}, async () => {
  await using place = await makePlace({});
  const { code, stdout } = await place.run(["run", GOAL, "--json"], { cwd: place.project });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ verdict: "unknown", folder: place.project });
  expect(existsSync(join(place.project, ".waggle/waggle.db"))).toBe(true);
});

test("what a project writes on the screen cannot control the terminal", {
  timeout: LONG_MS,
}, async () => {
  await using place = await makePlace({
    "package.json": JSON.stringify({ name: "\u001b[2J\u001b]0;title\u0007evil name" }),
    "a.js": "// TODO \u001b[31m\u009b2Jevil comment\n",
  });
  const { stdout } = await place.run(["run", GOAL, "--in", place.project]);
  expect(stdout).toContain("evil name");
  expect(stdout).toContain("evil comment");
  expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
});

test("a terminal gets a status line that is written anew, a build machine does not", {
  timeout: LONG_MS,
}, async () => {
  await using place = await makePlace(projectWithTests(0));
  const quoted = (command: readonly string[]): string =>
    command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const wrap = (command: readonly string[]): readonly string[] => [
    ...["script", "--quiet", "--return", "--command", quoted(command)],
    "/dev/null",
  ];
  const args = ["run", GOAL, "--in", place.project];
  const terminal = await place.run(args, { wrap, env: { TERM: "xterm" } });
  expect(terminal.code).toBe(0);
  expect(terminal.stdout).toContain("\u001b[2K");
  expect(terminal.stdout).toMatch(/running: .*tests \d+ s/);
  const plain = await place.run(args, { wrap, env: { TERM: "xterm", CI: "true", NO_COLOR: "1" } });
  expect(plain.code).toBe(0);
  expect(plain.stdout).not.toContain("\u001b");
});
