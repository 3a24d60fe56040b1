import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePlace, type Place, projectWithTests, runOf, writeFiles } from "./waggle-process.ts";

const LONG_MS = 60_000;

describe("runs and show", { timeout: LONG_MS }, () => {
  let place: Place;
  let finished: string;
  let killed: string;
  let following: readonly unknown[];
  let workingPid: number;
  beforeAll(async () => {
    place = await makePlace(projectWithTests(0));
    const whole = await place.run(["run", "Check this project", "--in", "../project"]);
    finished = runOf(whole.stdout);
    await writeFiles(place.project, projectWithTests(LONG_MS));
    const second = place.start(["run", "Is it healthy?", "--in", "../project"]);
    killed = runOf(await second.output((output) => output.includes("plan   5 tasks")));
    workingPid = second.pid;
    following = JSON.parse((await place.run(["runs", "--json"])).stdout);
    second.kill("SIGKILL");
    await second.ended;
  }, LONG_MS);
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  async function shown(...args: readonly string[]): Promise<Record<string, unknown>> {
    const { code, stdout } = await place.run(["show", ...args, "--json"]);
    expect(code).toBe(0);
    return JSON.parse(stdout);
  }

  test("lists runs newest first, with goal, folder, state and tasks", async () => {
    const { code, stdout } = await place.run(["runs", "--json"]);
    expect(code).toBe(0);
    const [newest, oldest] = JSON.parse(stdout);
    expect(oldest).toMatchObject({
      run: finished,
      goal: "Check this project",
      folder: place.project,
      state: "done",
      verdict: "healthy",
      process: null,
      error: null,
      tasks: { done: 5, failed: 0, skipped: 0, open: 0, total: 5 },
    });
    expect(newest).toMatchObject({
      run: killed,
      state: "unfinished",
      process: null,
      verdict: null,
    });
    expect(Date.parse(newest.startedAt)).toBeGreaterThanOrEqual(Date.parse(oldest.startedAt));
  });

  test("names the process that works on a run", () => {
    expect(following[0]).toMatchObject({ run: killed, state: "running", process: workingPid });
  });

  test("lists for people too, and at most as many as asked for", async () => {
    const { stdout } = await place.run(["runs", "--limit", "1"]);
    expect(stdout).toContain(
      `${killed}  unfinished, nobody works on it\n  goal     Is it healthy?`,
    );
    expect(stdout).not.toContain(finished);
  });

  test("shows the report of a finished run, by the beginning of its id", async () => {
    const document = await shown(finished.slice(0, 8));
    expect(document).toMatchObject({
      run: finished,
      state: "done",
      report: { verdict: "healthy" },
    });
    const { stdout } = await place.run(["show", finished]);
    expect(stdout).toContain("Verdict: **HEALTHY**");
    expect(stdout).toMatch(/^ {2}done +tests +qa\.test/m);
  });

  test("shows plan and open tasks of an unfinished run, and why they are open", async () => {
    const document = await shown("last");
    expect(document).toMatchObject({ run: killed, state: "unfinished", report: null });
    const tasks = document["tasks"] as readonly { name: string; state: string; why: string }[];
    expect(tasks.map(({ name }) => name)).toEqual([
      ...["planner.plan", "inventory", "todos", "dependencies", "tests", "report"],
    ]);
    const report = tasks.at(-1);
    expect(report).toMatchObject({ state: "not-asked" });
    expect(report?.why).toMatch(/^it waits for .*tests/);
    const open = tasks.filter(({ state }) => state === "open");
    for (const { why } of open) expect(why).toContain("goes on when the run is started again");
  });

  test("shows the events of the ledger in order", async () => {
    const events = (await shown(finished, "--events"))["events"] as readonly {
      position: number;
      event: { type: string };
    }[];
    expect(events[0]?.event.type).toBe("started");
    expect(events.at(-1)?.event.type).toBe("closed");
    const positions = events.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    const { stdout } = await place.run(["show", finished, "--events"]);
    expect(stdout.match(/Z {2}tests done /g)).toHaveLength(2);
  });

  test("refuses an unknown run and names what is there", async () => {
    const { code, stdout, stderr } = await place.run(["show", "nonsense"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(`waggle: there is no run 'nonsense'; there are: ${killed}, ${finished}\n`);
  });

  test("refuses a beginning that several runs have", async () => {
    const again = ["run", "Only the todos", "--in", "../project"];
    const runs = [await place.run(again), await place.run(again)];
    const [beginning = ""] = runs.map(({ stdout }) => runOf(stdout).replace(/-1$/, ""));
    const { code, stderr } = await place.run(["show", beginning]);
    expect(code).toBe(2);
    expect(stderr).toContain(`2 runs begin with '${beginning}'`);
    expect(await shown(`${beginning}-1`)).toMatchObject({ run: `${beginning}-1` });
  });
});
