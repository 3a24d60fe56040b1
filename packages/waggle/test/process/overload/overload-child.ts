import { writeSync } from "node:fs";
import { z } from "zod";
import { nodeClock, nodeRandom } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { agent, contract, createSystem, RuntimeError } from "../../../src/index.ts";
import type { Store } from "../../../src/ports/store.ts";

// Sends an agent ten times what it can take, then waits until all that was accepted is done. Writes one line of
// JSON, `OverloadFigures` without the faults. Arguments: path of the store, seconds, mailbox. Needs --expose-gc.

/** How long the agent is busy with a message; it takes one at a time. */
const BUSY_MS = 5;
/** Ten times what it can take at best. */
const SENDS_PER_TICK = 10;
const TICK_MS = 5;
/** Sends under way at most: the sender is bounded, too. */
const MAX_UNDER_WAY = 2_000;
const SAMPLE_MS = 250;
/** Of the time, at the beginning, in which caches and heap find their size. */
const WARM_UP = 0.4;

// The system alone keeps no process alive.
setInterval(() => {}, 1_000);
const [path = "", seconds, bound] = process.argv.slice(2);
const [forMs, mailbox] = [Number(seconds) * 1_000, Number(bound)];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const processed = new Map<string, number>();
const slow = contract("slow", { add: { input: z.number(), output: z.number() } }, { mailbox });
const slowAgent = agent(
  slow,
  {
    add: async (ctx, number) => {
      await ctx.step("work", async () => {
        await pause(BUSY_MS);
        processed.set(ctx.run, (processed.get(ctx.run) ?? 0) + 1);
        return null;
      });
      return number;
    },
  },
  { concurrency: 1 },
);
const machine = { clock: nodeClock(), random: nodeRandom() };
await using store: Store = await sqliteStore(path, { durability: "process" })(machine);
await using system = await createSystem({ store, agents: [slowAgent], passivateAfterMs: 100 });
const counts = { attempts: 0, accepted: 0, refused: 0, failed: 0 };
let [underWay, mostWaiting] = [0, 0];

async function send(whenFull: "wait" | "refuse"): Promise<void> {
  const number = counts.attempts++;
  underWay++;
  try {
    await system.start(slow.add, number, { id: `message-${number}`, whenFull });
    counts.accepted++;
  } catch (error) {
    if (RuntimeError.is(error, "MAILBOX_FULL")) counts.refused++;
    else counts.failed++;
  }
  underWay--;
}

async function waiting(): Promise<number> {
  const [cell] = await store.cells("mailbox.slow");
  return cell?.amount ?? 0;
}

interface Sample {
  readonly heapMb: number;
  readonly rssMb: number;
}

function sample(): Sample {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapMb: heapUsed / 2 ** 20, rssMb: rss / 2 ** 20 };
}

function most(samples: readonly Sample[]): Sample {
  return {
    heapMb: Math.max(...samples.map(({ heapMb }) => heapMb)),
    rssMb: Math.max(...samples.map(({ rssMb }) => rssMb)),
  };
}

const begun = performance.now();
const samples: (Sample & { readonly at: number })[] = [];
for (let at = 0; at < forMs; at = performance.now() - begun) {
  if (at > samples.length * SAMPLE_MS) {
    samples.push({ at, ...sample() });
    mostWaiting = Math.max(mostWaiting, await waiting());
  }
  for (let i = 0; i < SENDS_PER_TICK && underWay < MAX_UNDER_WAY; i++) void send("refuse");
  await pause(TICK_MS);
}
const processedMeanwhile = processed.size;
const waiters = Array.from({ length: 20 }, () => send("wait"));
await Promise.all(waiters);
while (underWay > 0 || (await system.runs({ gate: "open", limit: 1 })).length > 0) await pause(20);
const early = most(samples.filter(({ at }) => at < forMs * WARM_UP));
const late = most(samples.filter(({ at }) => at >= forMs * WARM_UP));
const runs = await system.runs({ limit: 1_000_000 });
const dead = await system.deadLetters({ limit: 1_000_000 });
writeSync(
  1,
  `${JSON.stringify({
    ...counts,
    processedMeanwhile,
    processed: processed.size,
    repeated: [...processed.values()].filter((times) => times > 1).length,
    kept: runs.length,
    dead: dead.length,
    mostWaiting,
    heapGrowthMb: Math.round(late.heapMb - early.heapMb),
    rssGrowthMb: Math.round(late.rssMb - early.rssMb),
  })}\n`,
);
await system[Symbol.asyncDispose]();
await store[Symbol.asyncDispose]();
process.exit(0);
