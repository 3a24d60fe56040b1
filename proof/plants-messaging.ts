import { type Plant, scenarioPlant } from "./plants.ts";

const ASKS = "runtime/asks.ts";
const WATCH = "runtime/deadlock-watch.ts";
const SEARCH = "if (child.key !== null && child.awaited) host.queuedBehindKey(child.id);";
const EXPECTS = "...members.map(stillAsRead),";
const CREATES = "adapters/memory/apply-task-write.ts";

/** One task per key. */
export const KEY_PLANTS: readonly Plant[] = [
  scenarioPlant("a claim ignores the key", "keyed-agents", [
    CREATES,
    ` || task.line?.isQueued(task) === true;`,
    ";",
  ]),
  scenarioPlant("a close does not pass the key on", "keyed-agents", [
    CREATES,
    "if (next !== undefined) passKey(batch, next);",
    "",
  ]),
];

/** Deadlocks are found, and nothing else is taken for one. */
export const DEADLOCK_PLANTS: readonly Plant[] = [
  scenarioPlant("no search after the last edge", "deadlock-2", [ASKS, SEARCH, ""]),
  scenarioPlant(
    "the search comes before the commit",
    "deadlock-2-hosts",
    [ASKS, SEARCH, ""],
    [
      ASKS,
      "    const taken = this.#taken;",
      `    const child = this.#child;\n${SEARCH}\n    const taken = this.#taken;`,
    ],
  ),
  scenarioPlant(
    "an alarm that does not expect what was read, beside a time-out",
    "deadlock-times-out",
    [WATCH, EXPECTS, ""],
  ),
  scenarioPlant(
    "an alarm that does not expect what was read, beside a cancel",
    "deadlock-cancelled",
    [WATCH, EXPECTS, ""],
  ),
  scenarioPlant("an alarm expects its victim only", "deadlock-times-out-crashes", [
    WATCH,
    EXPECTS,
    "stillAsRead(victim),",
  ]),
  scenarioPlant("what is still to be written does not count", "race-is-none", [
    WATCH,
    "life.resting && life.outbox.idle",
    "life.resting",
  ]),
  scenarioPlant("a task that a search has passed is not watched", "deadlock-both", [
    WATCH,
    "life.watched = true;",
    "if (moves) life.watched = true;",
  ]),
  scenarioPlant("nobody searches for those who left memory", "deadlock-both-leaves", [
    "runtime/host.ts",
    "await this.#deadlocks.sweep(this.#keyedAgents);",
    "",
  ]),
];

/** Mailboxes have their limits. */
export const MAILBOX_PLANTS: readonly Plant[] = [
  scenarioPlant("the limit of a mailbox is ignored", "mailbox-1", [
    "adapters/memory/check-write.ts",
    "return (cell?.amount ?? 0) >= mailbox;",
    "return (cell?.amount ?? 0) < 0;",
  ]),
  scenarioPlant("a claim does not make room", "mailbox-1", [
    "adapters/memory/claim-tasks.ts",
    "addToCell(state, undefined, agentRecord(state, task.envelope.agent).mailbox, -1);",
    "",
  ]),
];

/** Talk ends. */
export const TALK_PLANTS: readonly Plant[] = [
  scenarioPlant("no hop counter", "talk-in-chains", [
    ASKS,
    "hops: task.hops + 1,",
    "hops: task.hops,",
  ]),
  scenarioPlant("an allowance that never reserves", "talk-in-fans", [
    "runtime/allowance.ts",
    `return [{ type: "add", cell: messagesCell(run), by, max: this.#limit }];`,
    "return NOTHING;",
  ]),
];

/** No message is lost. */
export const LOSS_PLANTS: readonly Plant[] = [
  scenarioPlant("the asker of a dead letter never hears", "dead-letters", [
    "runtime/burial.ts",
    "if (row.awaited && row.parent !== null) {",
    "if (row.awaited && row.parent === null) {",
  ]),
  scenarioPlant(
    "an answer that comes before its question is known is thrown away",
    "keyed-agents",
    [
      "runtime/inbox.ts",
      "if (operation !== undefined) receiveAnswer(",
      "if (operation?.child !== undefined) receiveAnswer(",
    ],
  ),
  scenarioPlant("a broadcast comes back to its sender", "broadcasts", [
    "runtime/handler-context.ts",
    "self || agent !== this.agent",
    `self || agent !== ""`,
  ]),
];

/** Whatever dies, the work goes on. */
export const RECOVERY_PLANTS: readonly Plant[] = [
  scenarioPlant("the tasks of a dead host are not due", "recovery", [
    "adapters/memory/apply-write.ts",
    `place(state, task, null, task.run.gate === "paused" ? null : at, task.state);`,
    "place(state, task, null, null, task.state);",
  ]),
  scenarioPlant("a task is given back without the time it waits for", "recovery-leaves", [
    "runtime/open-operations.ts",
    `return { type: "release", due, outside: this.#anyOutside };`,
    `return { type: "release", due: null, outside: false };`,
  ]),
  scenarioPlant("a task is given back with unread mail", "recovery-leaves", [
    "adapters/memory/check-write.ts",
    `if (write.inbox !== undefined && task.inbox !== write.inbox) return "behind";`,
    "",
  ]),
];
