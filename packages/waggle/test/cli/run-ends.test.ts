import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { chooseRun } from "../../src/cli/run-identity.ts";
import { takeSeat } from "../../src/cli/worker-seat.ts";
import { contract } from "../../src/core/contract.ts";
import type { Store } from "../../src/ports/store.ts";
import { type AgentDefinition, agent } from "../../src/runtime/agent.ts";
import type { Context } from "../../src/runtime/context.ts";
import { createSystem } from "../../src/system/create-system.ts";
import { makePlace, type Place } from "./waggle-process.ts";

// Runs under the ids of the command, worked on by another orchestrator of the same name in this process: so a
// real process of `waggle` meets a run that fails, and one whose record does not fit its code.

const LONG_MS = 60_000;
const GOAL = "Check this project";
const WORKER = { token: "fixture", pid: 4_194_304 };

const face = contract("orchestrator", { execute: { input: z.unknown(), output: z.unknown() } });

function orchestratorThat(execute: (ctx: Context) => Promise<unknown>): AgentDefinition {
  return agent(face, { execute });
}

async function openLedger(place: Place): Promise<Store> {
  await mkdir(join(place.cwd, ".waggle"), { recursive: true });
  const machine = { clock: nodeClock(), random: nodeRandom() };
  return await sqliteStore(join(place.cwd, ".waggle/waggle.db"))(machine);
}

async function startAs(store: Store, place: Place, lead: AgentDefinition) {
  const options = { install: false, allowUnsandboxed: false, testTimeoutMs: 300_000 };
  const subject = { goal: GOAL, folder: place.project, ...options };
  const { id } = await chooseRun(store, subject, false);
  const system = await createSystem({ store, agents: [lead], serves: "own-runs", about: WORKER });
  expect(await takeSeat(store, id, { worker: undefined, version: 0 }, WORKER)).toBe(true);
  const input = { goal: GOAL, folder: place.project, options };
  return { system, run: await system.start(face.execute, input, { id }) };
}

test("a run that fails ends with 3 and its error, and stays to be looked at", {
  timeout: LONG_MS,
}, async () => {
  await using place = await makePlace({});
  await using store = await openLedger(place);
  const { promise: mayFail, resolve: fail } = Promise.withResolvers<void>();
  const failing = orchestratorThat((ctx) =>
    ctx.step("fail", async () => {
      await mayFail;
      throw new Error("the roof is on fire");
    }),
  );
  const { system, run } = await startAs(store, place, failing);
  await using _closed = system;
  const waggle = place.start(["run", GOAL, "--in", place.project, "--json"]);
  await waggle.output((output) => output.includes("following it"));
  fail();
  const { code, stdout, stderr } = await waggle.ended;
  expect(code).toBe(3);
  expect(stderr).toContain(`process ${WORKER.pid} works on this run, following it`);
  expect(JSON.parse(stdout)).toEqual({
    run: run.id,
    error: { code: "HANDLER_FAILED", message: "the roof is on fire" },
  });
  expect(stderr).toContain(`run ${run.id} failed: the roof is on fire (HANDLER_FAILED)`);
  const [summary] = JSON.parse((await place.run(["runs", "--json"])).stdout);
  expect(summary).toMatchObject({ state: "failed", error: { code: "HANDLER_FAILED" } });
  expect((await place.run(["show", "last"])).stdout).toContain("error: the roof is on fire");
});

test("a run that another version recorded ends with 3, and --new helps", {
  timeout: LONG_MS,
}, async () => {
  await using place = await makePlace({});
  await using store = await openLedger(place);
  const { promise: never } = Promise.withResolvers<null>();
  const { promise: recorded, resolve: wasRecorded } = Promise.withResolvers<void>();
  const older = orchestratorThat(async (ctx) => {
    await ctx.step("what a former version did", () => null);
    wasRecorded();
    return await ctx.step("wait", ({ signal }) => {
      const stopped = new Promise<null>((resolve) => {
        signal.addEventListener("abort", () => resolve(null));
      });
      return Promise.race([never, stopped]);
    });
  });
  const { system, run } = await startAs(store, place, older);
  await recorded;
  await system[Symbol.asyncDispose]();
  const args = ["run", GOAL, "--in", place.project];
  const { code, stderr } = await place.run(args);
  expect(code).toBe(3);
  expect(stderr).toMatch(/cannot go on with this version of the code: .*what a former version did/);
  expect(stderr).toContain("--new");
  const [summary] = JSON.parse((await place.run(["runs", "--json"])).stdout);
  expect(summary).toMatchObject({ run: run.id, state: "stuck" });
  expect((await place.run([...args, "--new"])).code).toBe(0);
});

test("a follower that is stopped says that the work goes on elsewhere", {
  timeout: LONG_MS,
}, async () => {
  await using place = await makePlace({});
  await using store = await openLedger(place);
  const waiting = orchestratorThat((ctx) =>
    ctx.step("wait", ({ signal }) => {
      return new Promise<null>((resolve) => {
        signal.addEventListener("abort", () => resolve(null));
      });
    }),
  );
  const { system, run } = await startAs(store, place, waiting);
  await using _closed = system;
  const waggle = place.start(["run", GOAL, "--in", place.project]);
  await waggle.output((output) => output.includes("following it"));
  waggle.kill("SIGINT");
  const { code, stderr } = await waggle.ended;
  expect(code).toBe(130);
  expect(stderr).toBe(`stopped; process ${WORKER.pid} goes on with run ${run.id}\n`);
});
