import { MemoryLedger } from "../../../src/adapters/memory/index.ts";
import type { Envelope } from "../../../src/core/envelope.ts";
import { encodeEvent } from "../../../src/core/event-codec.ts";
import { hostIdFrom, parseRunId, rootTaskId } from "../../../src/core/ids.ts";
import type { Store } from "../../../src/ports/store.ts";
import {
  type Process,
  type Scenario,
  simulatedStore,
  type World,
} from "../../../src/testing/index.ts";

const run = parseRunId("run");
const root = rootTaskId(run);
const owner = hostIdFrom("shared");

/**
 * Two writers in the name of one owner append to one stream by expected version, with unknown outcomes: each
 * append stands exactly once, readers never see two different records at one place (R2).
 */
export function twoWriters(appends: number, faults: number): Scenario {
  return {
    name: `two writers (${appends} appends each, ${faults} faults)`,
    faults,
    setup(world) {
      const ledger = new MemoryLedger({ now: () => world.now() });
      ledger.beat(owner, "{}");
      ledger.commit({
        host: owner,
        writes: [
          { type: "gate", run, from: null, to: "open" },
          {
            type: "create",
            task: envelope(),
            origin: { write: 1, event: 0 },
            owner,
            events: [started()],
          },
        ],
      });
      let longest: readonly string[] = [];
      const read = (): readonly string[] => ledger.load(root)?.events.map((e) => e.data) ?? [];
      const main = async (self: Process): Promise<void> => {
        const store = simulatedStore(self, ledger);
        for (let i = 0; i < appends; i++) {
          while (!(await appendOnce(store, `${self.name}-${i}`, world)));
        }
      };
      world.process("writer-a", main);
      world.process("writer-b", main);
      world.invariant(() => {
        const now = read();
        const changed = longest.findIndex((data, i) => now[i] !== data);
        longest = now;
        return changed < 0 ? undefined : `the record at ${changed} changed`;
      }, "step");
      world.invariant(() => {
        const all = read();
        const names = all
          .slice(1)
          .map((data) => (JSON.parse(data) as { expected: string }).expected);
        if (new Set(names).size !== names.length) return "an append stands twice";
        const blind = all.findIndex((data, i) => i > 0 && !data.includes(`"actual":"${i}"`));
        if (blind > 0)
          return `the record at ${blind} was written by one who had not read ${blind - 1}`;
        const { version } = ledger.load(root)?.row ?? { version: 0 };
        if (all.length !== 1 + 2 * appends)
          return `${all.length} records instead of ${1 + 2 * appends}`;
        return version === all.length ? undefined : `version ${version} for ${all.length} records`;
      });
    },
  };
}

/** @returns true when the event stands in the stream. */
async function appendOnce(store: Store, name: string, world: World): Promise<boolean> {
  const loaded = await store.load(root);
  if (loaded === undefined) throw new Error("the stream is gone");
  if (loaded.events.some(({ data }) => data.includes(`"${name}"`))) return true;
  const { version } = loaded.row;
  const event = encodeEvent({ type: "stuck", expected: name, actual: String(version), hint: "" });
  const append = { type: "append", task: root, version, starts: false, events: [event] } as const;
  const result = await store.commit({ host: owner, writes: [append] });
  if (result.type === "committed") return true;
  world.mark(result.type === "unknown" ? "outcome unknown" : "refused by version");
  return false;
}

function started(): ReturnType<typeof encodeEvent> {
  return encodeEvent({ type: "started", input: null });
}

function envelope(): Envelope {
  return {
    id: root,
    run,
    parent: null,
    path: null,
    awaited: false,
    agent: "a",
    operation: "o",
    priority: "normal",
    hops: 0,
    key: null,
    deadline: null,
  };
}
