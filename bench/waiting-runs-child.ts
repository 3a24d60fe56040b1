// Makes runs that wait for a signal nobody sends, on the ledger in argv[2]; with `dropped` in argv[3] each leaves
// memory at once. Told a number, it starts as many; told "measure", it sends what this process takes. Counting those
// that wait is left to the parent: reading rows would take memory here.
import { z } from "zod";
import { sqliteStore } from "../packages/waggle/src/adapters/sqlite/index.ts";
import { agent, contract, createSystem } from "../packages/waggle/src/index.ts";

const LANES = 100;
const RAW_COUNT = 50_000;
const [path = "", mode = ""] = process.argv.slice(2);

// Once, as in a program: a schema made by each run would be measured with it, 1 KB.
const Nothing = z.null();
const waiter = contract("waiter", { wait: { input: Nothing, output: Nothing } });
const waiterAgent = agent(
  waiter,
  { wait: (ctx) => ctx.waitFor("answer", Nothing, { timeoutMs: null }) },
  { concurrency: 100 * LANES },
);

const rawBytes = await rawPending();
const system = await createSystem({
  store: sqliteStore(path, { durability: "process" }),
  agents: [waiterAgent],
  passivateAfterMs: mode === "dropped" ? 0 : 3_600_000,
  graceMs: 0,
});
process.on("message", (message) => {
  if (message === "measure") process.send?.(memory());
  else void startMore(Number(message));
});
process.on("disconnect", () => process.exit());
process.send?.({ rawBytes });

async function startMore(count: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await system.start(waiter.wait, null);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  process.send?.("started");
}

/** Bytes that an async function takes while it awaits a promise. */
async function rawPending(): Promise<number> {
  let release = (_value: number): void => {};
  const wait = async (until: Promise<number>): Promise<number> => 1 + (await until);
  const gates: ((value: number) => void)[] = new Array(RAW_COUNT);
  const waiting: Promise<number>[] = new Array(RAW_COUNT);
  const start = memory().heapBytes;
  for (let i = 0; i < RAW_COUNT; i++) {
    const until = new Promise<number>((resolve) => {
      release = resolve;
    });
    gates[i] = release;
    waiting[i] = wait(until);
  }
  const bytes = (memory().heapBytes - start) / RAW_COUNT;
  for (const open of gates) open(1);
  await Promise.all(waiting);
  return bytes;
}

function memory(): { readonly heapBytes: number; readonly residentBytes: number } {
  // What one collection frees lets the next one free more.
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, residentBytes: rss };
}
