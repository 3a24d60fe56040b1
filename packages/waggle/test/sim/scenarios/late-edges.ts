import { MemoryLedger } from "../../../src/adapters/memory/index.ts";
import type { Envelope } from "../../../src/core/envelope.ts";
import { encodeEvent } from "../../../src/core/event-codec.ts";
import {
  childTaskId,
  type HostId,
  hostIdFrom,
  type Path,
  parseRunId,
  rootTaskId,
  type TaskId,
} from "../../../src/core/ids.ts";
import type { Batch } from "../../../src/ports/store.ts";
import { seeFromLedger } from "../../../src/runtime/ledger-view.ts";
import { type Deadlock, findDeadlock } from "../../../src/runtime/wait-graph.ts";
import { type Process, type Scenario, simulatedStore } from "../../../src/testing/index.ts";

const AGENT = "guard";
const PATH = "ask:guard.hold" as Path;

/**
 * The search for deadlocks alone: each of `count` hosts owns a task that holds key `i` and, in one commit, asks for key
 * `i + 1` and leaves memory; then it searches. Whatever the order, who searches last finds the deadlock, all who find
 * it name the same victim and cycle, and nobody finds one before the last edge is there.
 */
export function lateEdges(count: number): Scenario {
  return {
    name: `late edges (${count} agents)`,
    faults: 0,
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      const holders = [...Array(count).keys()].map((i) => hold(ledger, i));
      const found: Deadlock[] = [];
      let edges = 0;
      for (const [i, holder] of holders.entries()) {
        world.process(`host-${i}`, async (self: Process) => {
          const store = simulatedStore(self, ledger);
          const child = childTaskId(holder.id, PATH);
          const next = `k${(i + 1) % count}`;
          const asked = store.commit(askAndLeave(holder, child, next)).then((result) => {
            if (result.type !== "committed") throw new Error(`refused: ${JSON.stringify(result)}`);
            edges++;
          });
          await asked;
          const deadlock = await findDeadlock(child, seeFromLedger(store, self.clock));
          if (deadlock === undefined) return;
          if (edges < count) throw new Error("a deadlock before its last edge");
          found.push(deadlock);
        });
      }
      world.invariant(() => {
        const [first, ...others] = found.map(({ cycle }) => cycle.map(({ task }) => task).join());
        if (first === undefined) return "nobody found the deadlock";
        if (others.length > 0) world.mark("several found it");
        return others.every((other) => other === first) ? undefined : "they name different cycles";
      });
    },
  };
}

interface Holder {
  readonly id: TaskId;
  readonly host: HostId;
  readonly envelope: Envelope;
}

/** A task that holds key `i`, owned by a host of its own. */
function hold(ledger: MemoryLedger, i: number): Holder {
  const host = hostIdFrom(`${i}`);
  const run = parseRunId(`run-${i}`);
  const envelope: Envelope = {
    id: rootTaskId(run),
    run,
    parent: null,
    path: null,
    awaited: false,
    agent: AGENT,
    operation: "hold",
    priority: "normal",
    hops: 0,
    key: `k${i}`,
    deadline: null,
  };
  ledger.beat(host, "{}");
  const events = [encodeEvent({ type: "started", input: null })];
  const origin = { write: 1, event: 0 };
  ledger.commit({
    host,
    writes: [
      { type: "gate", run, from: null, to: "open" },
      { type: "create", task: envelope, origin, owner: null, events },
    ],
  });
  ledger.claim({ host, agents: [{ agent: AGENT, free: 1 }] });
  return { id: envelope.id, host, envelope };
}

function askAndLeave({ id, host, envelope }: Holder, child: TaskId, key: string): Batch {
  const path = PATH;
  const target = `${AGENT}.hold`;
  const asked = { path, child, target, awaited: true, until: null, input: null } as const;
  return {
    host,
    writes: [
      {
        type: "append",
        task: id,
        version: 1,
        starts: true,
        events: [encodeEvent({ type: "asked", ...asked })],
        ending: { type: "release", due: null, outside: false },
      },
      {
        type: "create",
        task: { ...envelope, id: child, parent: id, path, awaited: true, hops: 1, key },
        origin: { write: 0, event: 0 },
        owner: null,
        events: [],
      },
    ],
  };
}
