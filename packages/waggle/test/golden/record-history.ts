import { MemoryLedger } from "../../src/adapters/memory/index.ts";
import { type HostId, parseRunId, rootTaskId } from "../../src/core/ids.ts";
import { seededRandom } from "../../src/core/seeded-random.ts";
import { createSystem, RuntimeError } from "../../src/index.ts";
import type {
  Batch,
  Claimed,
  ClaimRequest,
  CommitResult,
  HostBeat,
} from "../../src/ports/store.ts";
import { HEART_TIMES } from "../../src/runtime/heart.ts";
import {
  type Process,
  pct,
  random,
  runSchedule,
  type Scenario,
  simulatedStore,
} from "../../src/testing/index.ts";
import { goldenAgents, SIGNAL, startGolden } from "./golden-handlers.ts";
import type { History, LedgerCall } from "./history.ts";

/** The run of each history. */
export const RUN_ID = "golden";

/** Histories that are made of one recording: the whole one, and some that were cut. */
const CUTS = 4;

/** A ledger that writes down what changes it. */
class RecordingLedger extends MemoryLedger {
  readonly calls: LedgerCall[] = [];
  readonly #time: () => number;

  constructor(now: () => number) {
    super({ now });
    this.#time = now;
  }

  override commit(batch: Batch): CommitResult {
    const result = super.commit(batch);
    if (result.type === "committed") this.calls.push({ at: this.#time(), commit: batch });
    return result;
  }

  override claim(request: ClaimRequest): readonly Claimed[] {
    const claimed = super.claim(request);
    if (claimed.length > 0) this.calls.push({ at: this.#time(), claim: request });
    return claimed;
  }

  override beat(host: HostId, report: string): readonly HostBeat[] {
    this.calls.push({ at: this.#time(), beat: host });
    return super.beat(host, report);
  }
}

/**
 * Runs a handler in the simulator, under a schedule with a crash and an unknown outcome now and then, and records it.
 * @throws Error if the schedule fails.
 */
export async function recordHistory(kind: string, size: number, seed: number): Promise<History> {
  let ledger: RecordingLedger | undefined;
  const scenario: Scenario = {
    name: `golden ${kind}`,
    faults: 1,
    setup(world) {
      const made = new RecordingLedger(() => world.now());
      ledger = made;
      world.process("host", (self) => live(self, made, kind, size), { crashes: seed % 2 });
    },
  };
  const strategy = seed % 3 === 0 ? pct(seed, 3, 60) : random(seed);
  const { failure } = await runSchedule(scenario, strategy);
  if (failure !== undefined || ledger === undefined) throw new Error(`${kind} ${seed}: ${failure}`);
  const { calls } = ledger;
  return { kind, size, seed, calls, cuts: cuts(calls, seed) };
}

async function live(
  self: Process,
  ledger: MemoryLedger,
  kind: string,
  size: number,
): Promise<void> {
  const body = (_: unknown, name: string) => () => self.effect(`body ${name}`, () => name.length);
  const system = await createSystem({
    store: simulatedStore(self, ledger),
    agents: goldenAgents({ body }),
    clock: self.clock,
    random: self.random,
    bus: self.bus,
    pollMs: 20_000,
    heart: { ...HEART_TIMES, beatMs: 5_000 },
    graceMs: Number.POSITIVE_INFINITY,
  });
  const run = await startGolden(system, kind, size, RUN_ID);
  if (kind === "signals")
    await system.signal({ run: RUN_ID }, SIGNAL, 7, { once: true }).catch(late);
  await run.result().catch(() => {});
  const open = { run: parseRunId(RUN_ID), state: "open", limit: 1 } as const;
  while (ledger.find(open).length > 0) await self.clock.sleep(1_000);
  await system[Symbol.asyncDispose]();
}

/** A second incarnation signals again. */
export function late(error: unknown): void {
  if (!RuntimeError.is(error, "ALREADY_ANSWERED") && !RuntimeError.is(error, "TOO_LATE"))
    throw error;
}

function cuts(calls: readonly LedgerCall[], seed: number): readonly number[] {
  const root = rootTaskId(parseRunId(RUN_ID));
  const whole = calls.findIndex(
    (call) =>
      "commit" in call &&
      call.commit.writes.some(
        (write) => write.type === "append" && write.task === root && write.ending?.type === "close",
      ),
  );
  const first = calls.findIndex((call) => "commit" in call);
  const draw = seededRandom(seed);
  const some = Array.from(
    { length: CUTS - 1 },
    () => first + 1 + Math.floor(draw() * (whole - first - 1)),
  );
  return [...new Set([...some, whole])].sort((a, b) => a - b);
}
