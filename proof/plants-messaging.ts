import type { Plant } from "./plants.ts";
import type { MessagingScenarioId } from "./scenarios-messaging.ts";

/** The text `find` in `file` becomes `replace`; the scenario has to notice. */
function plant(
  scenario: MessagingScenarioId,
  name: string,
  ...edits: readonly (readonly [file: string, find: string, replace: string])[]
): Plant {
  return {
    name,
    hunt: { type: "scenario", scenario },
    edits: edits.map(([file, find, replace]) => ({ file, find, replace })),
  };
}

const ASKS = "runtime/asks.ts";
const WATCH = "runtime/deadlock-watch.ts";
const SEARCH = "if (child.key !== null && child.awaited) host.queuedBehindKey(child.id);";
const CREATES = "adapters/memory/apply-task-write.ts";

/** One task per key. */
export const KEY_PLANTS: readonly Plant[] = [
  plant("keyed-agents", "a claim ignores the key", [
    CREATES,
    ` || task.line?.isQueued(task) === true;`,
    ";",
  ]),
  plant("keyed-agents", "a close does not pass the key on", [
    CREATES,
    "if (next !== undefined) passKey(batch, next);",
    "",
  ]),
];

/** Deadlocks are found, and nothing else is taken for one. */
export const DEADLOCK_PLANTS: readonly Plant[] = [
  plant("deadlock-2", "no search after the last edge", [ASKS, SEARCH, ""]),
  plant(
    "deadlock-2-hosts",
    "the search comes before the commit",
    [ASKS, SEARCH, ""],
    [
      ASKS,
      "ticket ??= host.messageTicket(child.run);",
      `ticket ??= host.messageTicket(child.run);\n${SEARCH}`,
    ],
  ),
  plant("race-is-none", "no second reading", [
    "runtime/wait-graph.ts",
    "if (await isUnchanged(found.members, see)) return found.deadlock;",
    "return found.deadlock;",
  ]),
  plant("race-is-none", "what is still to be written does not count", [
    WATCH,
    "life.resting && life.outbox.idle",
    "life.resting",
  ]),
  plant("deadlock-both", "a task that a search has passed is not watched", [
    WATCH,
    "life.watched = true;",
    "if (moves) life.watched = true;",
  ]),
  plant("deadlock-both-leaves", "nobody searches for those who left memory", [
    "runtime/host.ts",
    "await this.#deadlocks.sweep(this.#keyedAgents);",
    "",
  ]),
];

/** Mailboxes have their limits. */
export const MAILBOX_PLANTS: readonly Plant[] = [
  plant("mailbox-1", "the limit of a mailbox is ignored", [
    "adapters/memory/check-write.ts",
    "return (cell?.amount ?? 0) >= mailbox;",
    "return (cell?.amount ?? 0) < 0;",
  ]),
  plant("mailbox-1", "a claim does not make room", [
    "adapters/memory/claim-tasks.ts",
    "addToCell(state, undefined, agentRecord(state, task.envelope.agent).mailbox, -1);",
    "",
  ]),
];

/** Talk ends. */
export const TALK_PLANTS: readonly Plant[] = [
  plant("talk-in-chains", "no hop counter", [ASKS, "hops: task.hops + 1,", "hops: task.hops,"]),
  plant("talk-in-fans", "an allowance that never reserves", [
    "runtime/allowance.ts",
    `return [{ type: "add", cell: messagesCell(run), by, max: this.#limit }];`,
    "return NOTHING;",
  ]),
];

/** No message is lost. */
export const LOSS_PLANTS: readonly Plant[] = [
  plant("dead-letters", "the asker of a dead letter never hears", [
    "runtime/burial.ts",
    "if (row.awaited && row.parent !== null) {",
    "if (row.awaited && row.parent === null) {",
  ]),
  plant("keyed-agents", "an answer that comes before its question is known is thrown away", [
    "runtime/inbox.ts",
    "if (operation !== undefined) receiveAnswer(",
    "if (operation?.child !== undefined) receiveAnswer(",
  ]),
  plant("broadcasts", "a broadcast comes back to its sender", [
    "runtime/handler-context.ts",
    "self || agent !== this.agent",
    `self || agent !== ""`,
  ]),
];

/** Whatever dies, the work goes on. */
export const RECOVERY_PLANTS: readonly Plant[] = [
  plant("recovery", "the tasks of a dead host are not due", [
    "adapters/memory/apply-write.ts",
    `place(state, task, null, task.run.gate === "paused" ? null : at, task.state);`,
    "place(state, task, null, null, task.state);",
  ]),
  plant("recovery-leaves", "a task is given back without the time it waits for", [
    "runtime/open-operations.ts",
    `return { type: "release", due, outside: this.#anyOutside };`,
    `return { type: "release", due: null, outside: false };`,
  ]),
  plant("recovery-leaves", "a task is given back with unread mail", [
    "adapters/memory/check-write.ts",
    `if (write.inbox !== undefined && task.inbox !== write.inbox) return "behind";`,
    "",
  ]),
];
