import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { decodeEventOnly } from "../../src/core/event-codec.ts";
import { parseRunId } from "../../src/core/ids.ts";
import {
  comparable,
  makePlace,
  type Place,
  processesNaming,
  progressLines,
  projectWithTests,
  runOf,
} from "./waggle-process.ts";

const LONG_MS = 60_000;
const COMMAND = ["run", "Check this project", "--in", "../project", "--json"];

/** `task path` of every recorded step and every answer of a run, in order. */
async function recordedPaths(place: Place, run: string): Promise<readonly string[]> {
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(join(place.cwd, ".waggle/waggle.db"))(machine);
  const tasks = await store.find({ run: parseRunId(run) });
  const loaded = await Promise.all(tasks.map(({ id }) => store.load(id)));
  return loaded.flatMap((task) =>
    (task?.events ?? []).flatMap((stored) => {
      const event = decodeEventOnly(stored);
      return event.type === "done" || event.type === "received"
        ? [`${stored.task} ${event.path}`]
        : [];
    }),
  );
}

describe("after kill -9 the same command goes on", { timeout: LONG_MS }, () => {
  const files = projectWithTests(1_200);
  let whole: unknown;
  let steps = 0;
  beforeAll(async () => {
    await using place = await makePlace(files);
    const { stdout } = await place.run(COMMAND);
    whole = withoutPlace(stdout, place);
    steps = (await recordedPaths(place, JSON.parse(stdout).run)).length;
  }, LONG_MS);

  /** The project stands elsewhere in each place. */
  function withoutPlace(report: string, place: Place): unknown {
    return comparable(JSON.parse(report.replaceAll(place.project, "/project")));
  }

  test.each([1, 3, 8, 12])(
    "killed at progress line %i: the same report, nothing recorded twice",
    async (line) => {
      await using place = await makePlace(files);
      const first = place.start(COMMAND);
      await first.output((output) => progressLines(output).length >= line);
      first.kill("SIGKILL");
      const killed = await first.ended;
      expect(killed.signal).toBe("SIGKILL");
      const { code, stdout, stderr } = await place.run(COMMAND);
      expect(code).toBe(0);
      expect(runOf(stderr)).toBe(runOf(killed.stderr));
      expect(stderr).toMatch(/^going on: \d+ steps? (is|are) recorded and will not run again/m);
      expect(withoutPlace(stdout, place)).toEqual(whole);
      const paths = await recordedPaths(place, runOf(stderr));
      expect(paths).toHaveLength(steps);
      expect(new Set(paths).size).toBe(steps);
      expect(await processesNaming(place.temporary)).toEqual([]);
    },
  );

  test("killed twice, in the middle of the tests", async () => {
    await using place = await makePlace(files);
    const isTesting = (output: string): boolean => output.includes("step   tests: find the tests");
    const first = place.start(COMMAND);
    await first.output(isTesting);
    first.kill("SIGKILL");
    await first.ended;
    const second = place.start(COMMAND);
    await second.output((output) => output.includes("going on:"));
    second.kill("SIGKILL");
    expect((await second.ended).signal).toBe("SIGKILL");
    const { stdout, stderr } = await place.run(COMMAND);
    expect(withoutPlace(stdout, place)).toEqual(whole);
    const paths = await recordedPaths(place, runOf(stderr));
    expect(new Set(paths).size).toBe(paths.length);
  });

  test("--new begins afresh instead", async () => {
    await using place = await makePlace(files);
    const first = place.start(COMMAND);
    await first.output((output) => progressLines(output).length >= 3);
    first.kill("SIGKILL");
    const killed = await first.ended;
    const { stdout, stderr } = await place.run([...COMMAND, "--new"]);
    expect(runOf(stderr)).toBe(runOf(killed.stderr).replace(/-1$/, "-2"));
    expect(stderr).not.toContain("going on:");
    expect(withoutPlace(stdout, place)).toEqual(whole);
  });
});

describe("a stop by signal", { timeout: LONG_MS }, () => {
  let place: Place;
  beforeAll(async () => {
    place = await makePlace(projectWithTests(30_000));
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });
  const isTesting = (output: string): boolean => output.includes("step   tests: find the tests");

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "%s ends with %i, leaves no process and no folder, and says how to go on",
    async (signal, code) => {
      const waggle = place.start(COMMAND);
      await waggle.output(isTestingOrGoingOn);
      waggle.kill(signal);
      const ended = await waggle.ended;
      expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
      expect(ended.stderr).toMatch(/^stopped; run \S+ is kept: the same command goes on with it$/m);
      expect(await processesNaming(place.temporary)).toEqual([]);
      const [summary] = JSON.parse((await place.run(["runs", "--json"])).stdout);
      expect(summary).toMatchObject({ state: "unfinished", process: null });
    },
  );

  function isTestingOrGoingOn(output: string): boolean {
    return isTesting(output) || output.includes("going on:");
  }

  test("a closed stdout ends it quietly", async () => {
    const waggle = place.start(COMMAND.filter((word) => word !== "--json"));
    await waggle.output((output) => output.includes("process"));
    waggle.closeStdout();
    const { code, stderr } = await waggle.ended;
    expect({ code, stderr }).toEqual({ code: 141, stderr: "" });
  });
});
