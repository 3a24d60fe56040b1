import type { Scenario } from "../packages/waggle/src/testing/index.ts";
import { broadcasts } from "../packages/waggle/test/sim/scenarios/broadcasts.ts";
import { deadLetters } from "../packages/waggle/test/sim/scenarios/dead-letters.ts";
import { type DeadlockWorld, deadlocks } from "../packages/waggle/test/sim/scenarios/deadlocks.ts";
import { keyedAgents } from "../packages/waggle/test/sim/scenarios/keyed-agents.ts";
import { lateEdges } from "../packages/waggle/test/sim/scenarios/late-edges.ts";
import { mailboxes } from "../packages/waggle/test/sim/scenarios/mailboxes.ts";
import { recovery } from "../packages/waggle/test/sim/scenarios/recovery.ts";
import { talk } from "../packages/waggle/test/sim/scenarios/talk.ts";

/** Names a scenario about messages: keys, deadlocks, mailboxes, endless talk, dead letters, recovery. */
export type MessagingScenarioId =
  | "keyed-agents"
  | "keyed-agents-leave"
  | "late-edges-2"
  | "late-edges-3"
  | "deadlock-2"
  | "deadlock-2-hosts"
  | "deadlock-2-crashes"
  | "deadlock-3-crashes"
  | "deadlock-both"
  | "deadlock-both-leaves"
  | "deadlock-both-crashes"
  | "deadlock-person"
  | "race-is-none"
  | "race-is-none-crashes"
  | "deadlock-times-out"
  | "deadlock-times-out-crashes"
  | "deadlock-cancelled"
  | "deadlock-cancelled-crashes"
  | "mailbox-1"
  | "mailbox-2-refuses"
  | "talk-in-chains"
  | "talk-in-fans"
  | "dead-letters"
  | "broadcasts"
  | "recovery"
  | "recovery-leaves";

const MISHAPS = { crashes: 1, faults: 1 };
const QUIET = { crashes: 0, faults: 0 };
const STAYS = { passivateAfterMs: 10_000 };
const LEAVES = { passivateAfterMs: 0 };

function deadlock(wishes: DeadlockWorld["wishes"], how: Omit<DeadlockWorld, "wishes">): Scenario {
  return deadlocks({ wishes, ...how });
}

/** Every one of them by its id. */
export const MESSAGING_SCENARIOS: Readonly<Record<MessagingScenarioId, () => Scenario>> = {
  "keyed-agents": () => keyedAgents({ entries: 2, ...MISHAPS, ...STAYS }),
  "keyed-agents-leave": () => keyedAgents({ entries: 2, ...MISHAPS, ...LEAVES }),
  "late-edges-2": () => lateEdges(2),
  "late-edges-3": () => lateEdges(3),
  "deadlock-2": () => deadlock(["ask", "ask"], { hosts: 1, ...QUIET, ...STAYS }),
  "deadlock-2-hosts": () => deadlock(["ask", "ask"], { hosts: 2, ...QUIET, ...STAYS }),
  "deadlock-2-crashes": () => deadlock(["ask", "ask"], { hosts: 2, ...MISHAPS, ...LEAVES }),
  "deadlock-3-crashes": () => deadlock(["ask", "relay", "ask"], { hosts: 2, ...MISHAPS, ...STAYS }),
  "deadlock-both": () => deadlock(["relay-both", "ask"], { hosts: 1, ...QUIET, ...STAYS }),
  "deadlock-both-leaves": () => deadlock(["relay-both", "ask"], { hosts: 2, ...QUIET, ...LEAVES }),
  "deadlock-both-crashes": () =>
    deadlock(["relay-both", "relay"], { hosts: 2, ...MISHAPS, ...STAYS }),
  "deadlock-person": () => deadlock(["person", "ask"], { hosts: 2, ...MISHAPS, ...LEAVES }),
  "race-is-none": () => deadlock(["race", "ask"], { hosts: 1, ...QUIET, earlyTimers: 4, ...STAYS }),
  "race-is-none-crashes": () => deadlock(["race", "ask"], { hosts: 2, ...MISHAPS, ...LEAVES }),
  "deadlock-times-out": () =>
    deadlock(["timeout", "ask"], { hosts: 1, ...QUIET, earlyTimers: 4, ...STAYS }),
  "deadlock-times-out-crashes": () =>
    deadlock(["timeout", "relay", "ask"], { hosts: 2, ...MISHAPS, earlyTimers: 4, ...LEAVES }),
  "deadlock-cancelled": () =>
    deadlock(["ask", "ask"], { hosts: 2, ...QUIET, ...LEAVES, cancels: true }),
  "deadlock-cancelled-crashes": () =>
    deadlock(["ask", "relay"], { hosts: 2, ...MISHAPS, ...STAYS, cancels: true }),
  "mailbox-1": () => mailboxes({ limit: 1, messages: 3, whenFull: "wait", ...MISHAPS, ...STAYS }),
  "mailbox-2-refuses": () =>
    mailboxes({ limit: 2, messages: 3, whenFull: "refuse", ...MISHAPS, ...STAYS }),
  "talk-in-chains": () => talk({ shape: "chains", maxMessagesPerRun: 1_000 }),
  "talk-in-fans": () => talk({ shape: "fans", maxMessagesPerRun: 40 }),
  "dead-letters": () => deadLetters({ ...MISHAPS, ...STAYS }),
  broadcasts: () => broadcasts({ ...MISHAPS, ...STAYS }),
  recovery: () => recovery({ crashes: 2, faults: 1, ...STAYS }),
  "recovery-leaves": () => recovery({ crashes: 2, faults: 1, ...LEAVES }),
};
