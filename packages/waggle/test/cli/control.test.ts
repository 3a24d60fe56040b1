import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeClock, nodeRandom } from "../../src/adapters/node/index.ts";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { encodeEvent } from "../../src/core/event-codec.ts";
import { hostIdFrom, parseRunId, rootTaskId } from "../../src/core/ids.ts";
import { ask } from "./asking-process.ts";
import { makePlace, type Place } from "./waggle-process.ts";

const LONG_MS = 60_000;

/** Resolves when the run waits for an answer. */
async function waiting(place: Place): Promise<void> {
  for (;;) {
    const { stdout } = await place.run(["inbox", "--json"]);
    if (stdout !== "[]\n") return;
  }
}

/** Puts a run into the ledger that no process has begun. */
async function startUnbegun(place: Place, name: string): Promise<void> {
  await mkdir(join(place.cwd, ".waggle"), { recursive: true });
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(join(place.cwd, ".waggle/waggle.db"))(machine);
  const run = parseRunId(name);
  const result = await store.commit({
    host: hostIdFrom("starter"),
    writes: [
      { type: "gate", run, from: null, to: "open" },
      {
        type: "create",
        task: {
          id: rootTaskId(run),
          run,
          parent: null,
          path: null,
          awaited: false,
          agent: "clerk",
          operation: "ask",
          priority: "normal",
          hops: 0,
          key: null,
          deadline: null,
        },
        origin: { write: 1, event: 0 },
        owner: null,
        events: [encodeEvent({ type: "started", input: "approve" })],
      },
    ],
  });
  expect(result.type).toBe("committed");
}

describe("cancel, pause and resume from another process", { timeout: LONG_MS }, () => {
  let place: Place;
  beforeAll(async () => {
    place = await makePlace({});
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  test("a run that a process serves is paused, resumed and cancelled, with a receipt", async () => {
    const asking = ask(place, "served", "approve");
    await waiting(place);
    const paused = await place.run(["pause", "served", "--json"]);
    expect(JSON.parse(paused.stdout)).toMatchObject({
      run: "served",
      gate: "paused",
      unfinished: 2,
    });
    expect((await place.run(["inbox"])).stdout).toContain(
      "the run is paused, so time stands still",
    );
    const resumed = await place.run(["resume", "served"]);
    expect(resumed.stdout).toBe(
      `run served may go on: 2 tasks unfinished, served by process ${asking.pid}\n`,
    );
    const { code, stdout, stderr } = await place.run(["cancel", "served", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { gate, receipt } = JSON.parse(stdout);
    expect(gate).toBe("ended");
    const stopped = receipt.stopped.map(({ name }: { name: string }) => name);
    expect(stopped.sort()).toEqual(["clerk.ask", "technician.approve"]);
    expect({ finished: receipt.finished, unknown: receipt.unknown }).toEqual({
      finished: [],
      unknown: [],
    });
    expect((await asking.ended).stdout).toContain('{"code":"CANCELLED"}');
    expect((await place.run(["inbox", "--json"])).stdout).toBe("[]\n");
  });

  test("of a run that has ended nothing is changed", async () => {
    const again = await place.run(["cancel", "served"]);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^run served had ended already\nstopped {3}2: /);
    for (const command of ["pause", "resume"]) {
      const { code, stdout, stderr } = await place.run([command, "served"]);
      expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
      expect(stderr).toContain("run 'served' is ended: it cannot become");
    }
  });

  test("a run that never began is closed by the command itself", async () => {
    await startUnbegun(place, "unbegun");
    const { code, stdout, stderr } = await place.run(["cancel", "unbegun", "--json"]);
    expect(code).toBe(0);
    expect(stderr).toContain("no living process serves this run");
    const { receipt } = JSON.parse(stdout);
    expect(receipt).toMatchObject({
      stopped: [{ task: rootTaskId(parseRunId("unbegun")), name: "clerk.ask" }],
      finished: [],
      unknown: [],
    });
    // Its host has left: nobody is there.
    expect((await place.run(["agents", "--json"])).stdout).not.toContain('"idle"');
  });

  test("a run that had begun waits for a process, which ends it; the command says so", async () => {
    const killed = ask(place, "begun", "approve");
    await waiting(place);
    killed.kill("SIGKILL");
    await killed.ended;
    const first = await place.run(["cancel", "begun", "--wait", "1"]);
    expect(first.code).toBe(3);
    expect(first.stdout).toContain("run begun is being cancelled: nothing of it begins any more");
    expect(first.stdout).toContain(
      "clerk.ask: no living process runs agent 'clerk' for it: start one",
    );
    const again = await ask(place, "begun", "approve").ended;
    expect(again.stdout).toContain('{"code":"CANCELLED"}');
    const second = await place.run(["cancel", "begun", "--json"]);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout).receipt.stopped).toHaveLength(2);
  });

  test.each([
    [["cancel", "last", "--wait", "-1"], "no whole number of seconds from 0 to 86400"],
    [["cancel", "nothing"], "there is no run 'nothing'"],
    [["pause"], "missing required argument 'run'"],
    [["dead", "--limit", "0"], "no whole number from 1 to 1000"],
    [["inbox", "--run", "nothing"], "there is no run 'nothing'"],
  ])("%j is refused with 2", async (args, message) => {
    const { code, stdout, stderr } = await place.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  test.each(["inbox", "answer", "cancel"])("'%s --help' has examples", async (command) => {
    const { code, stdout } = await place.run([command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`\n  waggle ${command}`);
  });
});

describe("agents and dead letters", { timeout: LONG_MS }, () => {
  test("agents of living processes are idle, those of ended ones are not there", async () => {
    await using place = await makePlace({});
    expect((await place.run(["agents"])).stdout).toMatch(/^no process has agents here/);
    const asking = ask(place, "here", "approve");
    await waiting(place);
    const { stdout } = await place.run(["agents"]);
    const where = `process ${asking.pid}`;
    expect(stdout).toMatch(new RegExp(`^clerk +idle +0 of 16 busy; ${where}; can asking$`, "m"));
    expect(stdout).toMatch(new RegExp(`^technician +idle +0 of 16 busy; ${where}$`, "m"));
    asking.kill("SIGKILL");
    await asking.ended;
    const agents = JSON.parse((await place.run(["agents", "--json"])).stdout);
    expect(agents.map(({ status }: { status: string }) => status)).toEqual([
      ...["offline", "offline", "offline"],
    ]);
  });

  test("a message that nobody handles is listed with its reason", async () => {
    await using place = await makePlace({});
    expect((await place.run(["dead"])).stdout).toMatch(/^no dead letters/);
    expect((await ask(place, "lost", "unheard").ended).code).toBe(0);
    const [letter] = JSON.parse((await place.run(["dead", "--json"])).stdout);
    expect(letter).toMatchObject({
      run: "lost",
      agent: "technician",
      operation: "unheardOf",
      input: "hello",
      reason: { code: "UNHANDLED" },
    });
    expect((await place.run(["dead"])).stdout).toContain(
      `${letter.task}  technician.unheardOf\n  UNHANDLED: `,
    );
  });
});
