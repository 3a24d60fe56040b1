import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePlace, type Place, projectWithTests, runOf, writeFiles } from "./waggle-process.ts";

const LONG_MS = 60_000;

interface Explanation {
  readonly run: string;
  readonly state: string;
  readonly tasks: readonly {
    readonly agent: string;
    readonly movement: string;
    readonly waits: readonly {
      readonly type: string;
      readonly host?: { readonly about: { readonly pid: number } };
    }[];
  }[];
}

describe("why", { timeout: LONG_MS }, () => {
  let place: Place;
  let finished: string;
  let killed: string;
  let workingPid: number;
  let working: Explanation;
  beforeAll(async () => {
    place = await makePlace(projectWithTests(0));
    finished = runOf((await place.run(["run", "Check this project", "--in", "../project"])).stdout);
    await writeFiles(place.project, projectWithTests(LONG_MS));
    const second = place.start(["run", "Is it healthy?", "--in", "../project"]);
    killed = runOf(await second.output((output) => output.includes("plan   5 tasks")));
    workingPid = second.pid;
    working = await explained(killed);
    second.kill("SIGKILL");
    await second.ended;
  }, LONG_MS);
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  async function explained(run: string): Promise<Explanation> {
    const { code, stdout } = await place.run(["why", run, "--json"]);
    expect(code).toBe(0);
    return JSON.parse(stdout);
  }

  test("names the process that works on a run", () => {
    expect(working).toMatchObject({ run: killed, state: "moving" });
    const lead = working.tasks.find(({ agent }) => agent === "orchestrator");
    const running = lead?.waits.find(({ type }) => type === "running");
    expect(running?.host?.about.pid).toBe(workingPid);
  });

  test("a run whose only process was killed is blocked until another one begins", async () => {
    const explanation = await explained("last");
    expect(explanation).toMatchObject({ run: killed, state: "blocked" });
    for (const { movement, waits } of explanation.tasks) {
      expect(movement).toBe("blocked");
      expect(waits.map(({ type }) => type)).toContain("unserved");
    }
    const { stdout } = await place.run(["why", killed.slice(0, 8)]);
    expect(stdout).toContain(`run   ${killed}  blocked: nothing will happen by itself`);
    expect(stdout).toContain("no living process runs agent 'orchestrator' for it: start one");
    expect(stdout).toContain(`process ${workingPid} had it and has ended`);
  });

  test("a finished run has nothing to explain", async () => {
    const { code, stdout } = await place.run(["why", finished]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `run   ${finished}  finished: nothing of it is left to do\n`,
    });
  });

  test("refuses an unknown run and names what is there", async () => {
    const { code, stdout, stderr } = await place.run(["why", "nonsense"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(`waggle: there is no run 'nonsense'; there are: ${killed}, ${finished}\n`);
  });

  test("'why --help' has examples", async () => {
    const { code, stdout } = await place.run(["why", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("\n  waggle why last");
  });
});
