import { beforeEach, describe, expect, test } from "vitest";
import { RuntimeError } from "../../../src/core/errors.ts";
import { type Path, parseRunId, type TaskId } from "../../../src/core/ids.ts";
import type {
  RootCause,
  RunExplanation,
  TaskExplanation,
  WaitReason,
} from "../../../src/telemetry/explanation.ts";
import { explainRun } from "../../../src/telemetry/why.ts";
import { ANNE, BERT, WaitingLedger } from "./waiting-ledger.ts";

let ledger: WaitingLedger;
beforeEach(async () => {
  ledger = new WaitingLedger();
  await ledger.beat(ANNE, ["cook", "chef"], { pid: 11 });
});

function explain(run = "r"): Promise<RunExplanation> {
  return explainRun(ledger.store, parseRunId(run), ledger.now);
}

async function explained(task: TaskId, run = "r"): Promise<TaskExplanation> {
  const found = (await explain(run)).tasks.find((one) => one.task === task);
  if (found === undefined) throw new Error(`task ${task} is not explained`);
  return found;
}

/** What `task` waits for; there is one thing only. */
async function reasonOf(task: TaskId, run = "r"): Promise<WaitReason> {
  const { waits } = await explained(task, run);
  expect(waits).toHaveLength(1);
  const [wait] = waits;
  if (wait === undefined) throw new Error(`task ${task} waits for nothing`);
  return wait;
}

function causes({ rootCauses }: RunExplanation): readonly string[] {
  return rootCauses.map((cause: RootCause) =>
    cause.type === "deadlock" ? "deadlock" : `${cause.wait.movement} ${cause.wait.type}`,
  );
}

const BY_ANNE = { host: ANNE, about: { pid: 11 } };
const NO_END = { until: null, mustAct: "nobody", movement: "moving" };

describe("reasons", () => {
  test("running: a living host has it, and these effects have begun", async () => {
    const root = await ledger.start("r", ANNE);
    ledger.now += 10;
    const effect = { class: "once", key: "k", attempt: 1 } as const;
    const [paid, sent] = ["step:pay" as Path, "step:send" as Path];
    const outcome = { type: "value", value: 1 } as const;
    await ledger.append(root, [
      { type: "intent", path: paid, ...effect },
      { type: "done", path: paid, outcome },
      { type: "intent", path: sent, ...effect },
    ]);
    const running = { type: "running", host: BY_ANNE, effects: [sent], since: 1_000_000 };
    expect(await reasonOf(root)).toEqual({ ...running, ...NO_END });
    expect((await explain()).state).toBe("moving");
  });

  test("mailbox: it has not begun; how many messages wait with it, and who can take them", async () => {
    const root = await ledger.start("r", ANNE);
    await ledger.ask(root, "one");
    const two = await ledger.ask(root, "two");
    const mailbox = { type: "mailbox", hosts: [BY_ANNE], waiting: 2, since: 1_000_000 };
    expect(await reasonOf(two)).toEqual({ ...mailbox, ...NO_END });
  });

  test("ready: it has begun before and may be taken again", async () => {
    const root = await ledger.start("r", ANNE);
    await ledger.append(root, [{ type: "resumed", host: ANNE, claims: 1 }]);
    await ledger.release(root, ledger.now);
    ledger.now += 500;
    const ready = { type: "ready", hosts: [BY_ANNE], since: 1_000_000 };
    expect(await reasonOf(root)).toEqual({ ...ready, ...NO_END });
  });

  test("unserved: no living host has the version of its agent's code, or continues it", async () => {
    const root = await ledger.start("r", null, { codeVersion: "1" });
    await ledger.beat(ANNE, ["cook"]);
    await ledger.beat(BERT, [{ name: "cook", version: "2" }]);
    expect(await reasonOf(root)).toMatchObject({ type: "unserved", agent: "cook", version: "1" });
    await ledger.beat(BERT, [{ name: "cook", version: "2", continues: ["0", "1"] }]);
    expect((await reasonOf(root)).type).not.toBe("unserved");
    await ledger.beat(BERT, [{ name: "cook", version: "1" }]);
    expect((await reasonOf(root)).type).not.toBe("unserved");
  });

  test("unserved: no living host runs its agent, or takes tasks of its run", async () => {
    await ledger.beat(BERT, ["baker"], {}, { runs: ["another-run"] });
    const root = await ledger.start("r", ANNE);
    const child = await ledger.ask(root, "bread", { agent: "baker" });
    await ledger.release(root);
    expect(await reasonOf(child)).toEqual({
      type: "unserved",
      agent: "baker",
      version: null,
      since: 1_000_000,
      until: null,
      mustAct: "operator",
      movement: "blocked",
    });
    const explanation = await explain();
    expect(explanation.state).toBe("blocked");
    expect(causes(explanation)).toEqual(["blocked unserved"]);
    await ledger.beat(BERT, ["baker"], {}, { runs: ["another-run", "r"] });
    expect((await reasonOf(child)).type).toBe("mailbox");
  });

  test("retry: an attempt failed, and the next one is not to begin before a time", async () => {
    const root = await ledger.start("r", ANNE);
    const path = "step:call" as Path;
    const error = new RuntimeError({
      code: "BUSY",
      kind: "capacity",
      outcome: "not-applied",
      retryable: true,
      message: "busy",
    }).toData();
    const until = 1_060_000;
    await ledger.append(root, [{ type: "retrying", path, attempt: 2, until, error }]);
    const retry = { type: "retry", path, attempt: 2, error, since: 1_000_000, until };
    const idle = { ...retry, mustAct: "time", movement: "idle" };
    expect((await explained(root)).waits).toMatchObject([{ type: "running" }, idle]);
    await ledger.release(root, until, true);
    expect(await reasonOf(root)).toEqual(idle);
    expect((await explain()).state).toBe("idle");
    ledger.now = until;
    expect((await reasonOf(root)).type).toBe("ready");
  });

  test("queued-behind-key: the holder, of another run, with its own reason", async () => {
    const other = await ledger.start("other", ANNE);
    const holder = await ledger.ask(other, "holder", { key: "k" });
    await ledger.claim(ANNE);
    const path = "timer:pause" as Path;
    await ledger.append(holder, [{ type: "armed", path, until: 2_000_000, signal: null }]);
    await ledger.release(holder, 2_000_000, true);
    const root = await ledger.start("r", ANNE);
    const queued = await ledger.ask(root, "queued", { key: "k" });
    await ledger.release(root);
    expect(await reasonOf(queued)).toEqual({
      type: "queued-behind-key",
      key: "k",
      holder,
      since: 1_000_000,
      until: null,
      mustAct: "nobody",
      movement: "idle",
    });
    const explanation = await explain();
    expect(explanation.tasks.map(({ task, run }) => [task, run])).toEqual([
      [root, "r"],
      [queued, "r"],
      [holder, "other"],
    ]);
    expect((await reasonOf(holder)).type).toBe("timer");
    expect(explanation.state).toBe("idle");
    expect(explanation.rootCauses).toMatchObject([{ type: "wait", task: holder }]);
  });

  test("child: each answer it waits for, and when it is given up", async () => {
    const root = await ledger.start("r", ANNE);
    const child = await ledger.ask(root, "one", { agent: "baker", until: 1_060_000 });
    const grandchild = await ledger.ask(root, "two", { agent: "baker" });
    await ledger.release(root, 1_060_000);
    const { waits, movement } = await explained(root);
    expect(waits).toEqual([
      {
        type: "child",
        path: "ask:one",
        child,
        target: "baker.boil",
        since: 1_000_000,
        until: 1_060_000,
        mustAct: "nobody",
        movement: "idle",
      },
      expect.objectContaining({ child: grandchild, until: null, movement: "blocked" }),
    ]);
    // It will not get the first answer, but it will go on without.
    expect(movement).toBe("idle");
  });

  test("timer: of an operation, or before it begins", async () => {
    const root = await ledger.start("r", ANNE);
    const path = "timer:nap" as Path;
    await ledger.append(root, [{ type: "armed", path, until: 1_060_000, signal: null }]);
    await ledger.release(root, 1_060_000, true);
    const timer = { type: "timer", path, since: 1_000_000, until: 1_060_000 };
    expect(await reasonOf(root)).toEqual({ ...timer, mustAct: "time", movement: "idle" });
    const later = await ledger.start("later", ANNE);
    await ledger.release(later, 1_090_000);
    const before = { ...timer, path: null, until: 1_090_000 };
    expect(await reasonOf(later, "later")).toEqual({
      ...before,
      mustAct: "time",
      movement: "idle",
    });
  });

  test("signal: its name, until when, and the question that was put", async () => {
    const root = await ledger.start("r", ANNE, { input: { question: "Ship it?", item: 7 } });
    const path = "wait:approval" as Path;
    await ledger.append(root, [{ type: "armed", path, until: null, signal: "approval" }]);
    await ledger.release(root, null, true);
    const signal = { type: "signal", path, name: "approval", question: "Ship it?" };
    const state = { since: 1_000_000, until: null, mustAct: "outside", movement: "idle" };
    expect(await reasonOf(root)).toEqual({ ...signal, ...state });
    expect((await explain()).state).toBe("idle");
  });

  test("paused: since when; what ends later ends later by as much", async () => {
    const root = await ledger.start("r", ANNE);
    const path = "timer:nap" as Path;
    await ledger.append(root, [{ type: "armed", path, until: 1_060_000, signal: null }]);
    await ledger.release(root, 1_060_000, true);
    await ledger.gate("r", "paused");
    ledger.now += 30_000;
    const paused = { type: "paused", since: 1_000_000, until: null };
    expect(await reasonOf(root)).toEqual({ ...paused, mustAct: "outside", movement: "idle" });
    await ledger.gate("r", "open");
    await ledger.claim(ANNE);
    await ledger.release(root, 1_090_000, true);
    expect(await reasonOf(root)).toMatchObject({ type: "timer", until: 1_090_000 });
  });

  test("cancelling: a host closes it, if there is one", async () => {
    const root = await ledger.start("r", ANNE);
    const child = await ledger.ask(root, "bread", { agent: "baker" });
    await ledger.release(root);
    await ledger.gate("r", "cancelling");
    expect(await reasonOf(root)).toEqual({ type: "cancelling", since: null, ...NO_END });
    const { waits, movement } = await explained(child);
    expect(waits.map(({ type }) => type)).toEqual(["unserved", "cancelling"]);
    expect(movement).toBe("blocked");
  });

  test("stuck: what was recorded, what the code did, and a hint", async () => {
    const root = await ledger.start("r", ANNE);
    const left = { expected: "step:a", actual: "step:b", hint: "the code changed" };
    await ledger.append(root, [{ type: "stuck", ...left }], { type: "stick" });
    expect(await reasonOf(root)).toEqual({
      type: "stuck",
      ...left,
      since: 1_000_000,
      until: null,
      mustAct: "operator",
      movement: "blocked",
    });
    await ledger.signal(root);
    expect((await reasonOf(root)).type).toBe("ready");
  });

  test("owner-silent: its process has ended; whether another one can go on decides", async () => {
    const root = await ledger.start("r", ANNE);
    ledger.endProcess(ANNE);
    const silent = { type: "owner-silent", host: BY_ANNE, why: "gone", since: null, ...NO_END };
    const alone = await explained(root);
    expect(alone.waits).toEqual([silent, expect.objectContaining({ type: "unserved" })]);
    expect(alone.movement).toBe("blocked");
    await ledger.beat(BERT, ["cook"]);
    expect(await reasonOf(root)).toEqual(silent);
    expect((await explain()).state).toBe("moving");
  });

  test("owner-silent: the ledger does not know the host", async () => {
    const root = await ledger.start("r", BERT);
    expect(await reasonOf(root)).toMatchObject({
      why: "unlisted",
      host: { host: BERT, about: {} },
    });
  });

  test("unexplained: nobody has it and it waits for nothing", async () => {
    const root = await ledger.start("r", ANNE);
    await ledger.release(root);
    expect(await reasonOf(root)).toMatchObject({ type: "unexplained", movement: "blocked" });
  });
});

describe("a run", () => {
  test("is finished when no task of it is unfinished", async () => {
    await ledger.close(await ledger.start("r", ANNE));
    expect(await explain()).toEqual({
      run: "r",
      gate: "open",
      state: "finished",
      rootCauses: [],
      tasks: [],
      isComplete: true,
    });
  });

  test("is explained down a chain of asks to who has to act", async () => {
    let task = await ledger.start("r", ANNE);
    const chain = [task];
    for (const name of ["a", "b", "c"]) {
      const child = await ledger.ask(task, name, { isOwned: true });
      await ledger.release(task);
      chain.push(child);
      task = child;
    }
    const path = "wait:answer" as Path;
    await ledger.append(task, [{ type: "armed", path, until: null, signal: "answer" }]);
    await ledger.release(task, null, true);
    const explanation = await explain();
    expect(explanation.tasks.map((one) => one.task)).toEqual(chain);
    expect(explanation.tasks.map(({ movement }) => movement)).toEqual(Array(4).fill("idle"));
    expect(explanation.rootCauses).toMatchObject([{ task, wait: { name: "answer" } }]);
  });

  test("moves if any task moves; what is blocked beside it comes first", async () => {
    const root = await ledger.start("r", ANNE);
    await ledger.ask(root, "bread", { agent: "baker" });
    const busy = await ledger.ask(root, "soup", { isOwned: true });
    const path = "timer:nap" as Path;
    const slow = await ledger.ask(root, "nap", { isOwned: true });
    await ledger.append(slow, [{ type: "armed", path, until: 1_060_000, signal: null }]);
    await ledger.release(slow, 1_060_000, true);
    await ledger.release(root);
    const explanation = await explain();
    expect(explanation.state).toBe("moving");
    expect(causes(explanation)).toEqual(["blocked unserved", "idle timer", "moving running"]);
    await ledger.close(busy);
    // The answer is on its way: whoever waits for it is about to move.
    expect((await explained(root)).movement).toBe("moving");
  });

  test("in which tasks wait for each other is a deadlock, however long an ask may take", async () => {
    const root = await ledger.start("r", ANNE);
    const holder = await ledger.ask(root, "holder", { key: "k" });
    await ledger.release(root);
    await ledger.claim(ANNE);
    const between = await ledger.ask(holder, "between", { isOwned: true });
    const queued = await ledger.ask(between, "queued", { key: "k", until: 1_060_000 });
    await ledger.release(holder);
    await ledger.release(between, 1_060_000);
    const explanation = await explain();
    expect(explanation.rootCauses).toEqual([
      { type: "deadlock", cycle: [queued, holder, between], movement: "idle" },
    ]);
    expect(explanation.state).toBe("idle");
  });

  test("is blocked at a task that no host can take, though what that waits for moves", async () => {
    await ledger.beat(BERT, ["baker"]);
    const root = await ledger.start("r", BERT, { agent: "baker" });
    const child = await ledger.ask(root, "one");
    await ledger.release(root);
    await ledger.claim(ANNE);
    ledger.endProcess(BERT);
    expect((await explained(child)).movement).toBe("moving");
    expect((await explained(root)).movement).toBe("blocked");
    expect(causes(await explain())).toEqual(["blocked unserved", "moving running"]);
  });

  test("is not explained by a host that has a task which waits for something", async () => {
    const root = await ledger.start("r", ANNE);
    await ledger.ask(root, "bread", { agent: "baker" });
    expect(causes(await explain())).toEqual(["blocked unserved"]);
    expect((await explained(root)).waits.map(({ type }) => type)).toEqual(["running", "child"]);
  });

  test("whose tasks wait for each other, and have no host, needs a host first", async () => {
    const root = await ledger.start("r", ANNE);
    const holder = await ledger.ask(root, "holder", { key: "k" });
    await ledger.release(root);
    await ledger.claim(ANNE);
    await ledger.ask(holder, "queued", { key: "k" });
    await ledger.release(holder);
    ledger.endProcess(ANNE);
    expect(causes(await explain())).toEqual(Array(3).fill("blocked unserved"));
  });

  test("that nobody gives up is blocked by its deadlock", async () => {
    const root = await ledger.start("r", ANNE);
    const holder = await ledger.ask(root, "holder", { key: "k" });
    await ledger.release(root);
    await ledger.claim(ANNE);
    const queued = await ledger.ask(holder, "queued", { key: "k" });
    await ledger.release(holder);
    const explanation = await explain();
    expect(causes(explanation)).toEqual(["deadlock"]);
    expect(explanation.tasks.map(({ movement }) => movement)).toEqual(Array(3).fill("blocked"));
    expect((await explained(queued)).waits).toMatchObject([{ holder }]);
  });

  test("with a stuck task in the cycle waits for whoever repairs that", async () => {
    const root = await ledger.start("r", ANNE);
    const holder = await ledger.ask(root, "holder", { key: "k" });
    await ledger.release(root);
    await ledger.claim(ANNE);
    await ledger.ask(holder, "queued", { key: "k" });
    const left = { expected: "step:a", actual: "step:b", hint: "the code changed" };
    await ledger.append(holder, [{ type: "stuck", ...left }], { type: "stick" });
    expect(causes(await explain())).toEqual(["blocked stuck"]);
  });

  test("that is unknown is an error", async () => {
    const error = await explain("none").catch((thrown: unknown) => thrown);
    expect(RuntimeError.is(error, "NOT_FOUND")).toBe(true);
  });

  test("of more than 1,000 unfinished tasks is explained in part, and says so", async () => {
    const root = await ledger.start("r", ANNE);
    for (let i = 0; i < 999; i++) await ledger.ask(root, `bread-${i}`, { agent: "baker" });
    await ledger.release(root);
    const whole = await explain();
    expect([whole.tasks.length, whole.isComplete, whole.state]).toEqual([1_000, true, "blocked"]);
    await ledger.signal(root);
    await ledger.claim(ANNE);
    await ledger.ask(root, "bread-999", { agent: "baker" });
    await ledger.release(root);
    const part = await explain();
    expect([part.tasks.length, part.isComplete, part.state]).toEqual([1_000, false, "moving"]);
  });
});

test("a report that is no JSON says nothing, and hides no other host", async () => {
  await ledger.store.beat(BERT, "not JSON");
  const root = await ledger.start("r", ANNE);
  const child = await ledger.ask(root, "one");
  expect(await reasonOf(child)).toMatchObject({ type: "mailbox", hosts: [BY_ANNE] });
});
