import { describe, expect, test } from "vitest";
import { comparable, makePlace, progressLines, projectWithTests, runOf } from "./waggle-process.ts";

const LONG_MS = 60_000;
const COMMAND = ["run", "Check this project", "--in", "../project", "--json"];

describe("a second start of the same command", { timeout: LONG_MS }, () => {
  test("follows the process that works, and prints the same report", async () => {
    await using place = await makePlace(projectWithTests(2_500));
    const first = place.start(COMMAND);
    await first.output((output) => progressLines(output).length >= 4);
    const second = place.start(COMMAND);
    await second.output((output) => output.includes("following it"));
    const [one, two] = await Promise.all([first.ended, second.ended]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(two.stderr).toContain(`process ${first.pid} works on this run, following it`);
    expect(two.stderr).not.toContain("going on");
    expect(two.stderr).not.toContain("sandbox:");
    expect(progressLines(two.stderr)).toContain("done   report");
    expect(two.stdout).toBe(one.stdout);
  });

  test("takes over when that process is killed", async () => {
    await using place = await makePlace(projectWithTests(1_500));
    const first = place.start(COMMAND);
    await first.output((output) => output.includes("step   tests: find the tests"));
    const second = place.start(COMMAND);
    await second.output((output) => output.includes("following it"));
    first.kill("SIGKILL");
    expect((await first.ended).signal).toBe("SIGKILL");
    const { code, stdout, stderr } = await second.ended;
    expect(code).toBe(0);
    expect(stderr).toContain(`process ${first.pid} has stopped working on this run`);
    expect(stderr).toMatch(/^going on: \d+ steps are recorded and will not run again/m);
    expect(JSON.parse(stdout).verdict).toBe("healthy");
  });

  test("works with the first on one run when both start at once", async () => {
    await using place = await makePlace(projectWithTests(2_000));
    const all = await Promise.all([1, 2, 3].map(() => place.run(COMMAND)));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(new Set(all.map(({ stderr }) => runOf(stderr))).size).toBe(1);
    const [report] = all.map(({ stdout }) => comparable(JSON.parse(stdout)));
    expect(all.map(({ stdout }) => comparable(JSON.parse(stdout)))).toEqual(all.map(() => report));
    const followers = all.filter(({ stderr }) => stderr.includes("following it"));
    expect(followers).toHaveLength(2);
  });

  test("is a run of its own for another goal, folder or option", async () => {
    await using place = await makePlace({});
    const goals = [["Only the todos"], ["Only the inventory"], ["Only the todos", "--install"]];
    const all = await Promise.all(goals.map((args) => place.run(["run", ...args])));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    const keys = all.map(({ stdout }) => runOf(stdout).replace(/-\d+$/, ""));
    expect(new Set(keys).size).toBe(3);
  });
});
