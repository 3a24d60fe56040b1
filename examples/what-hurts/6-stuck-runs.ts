// Row 6: the process that works on a run dies. Who goes on, when, and who has to do something?
// The program starts itself twice as a worker, and kills the one that works.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, contract, createSystem } from "waggledance";
import { sqliteStore } from "waggledance/sqlite";
import { z } from "zod";

const Pid = z.int();
const reader = contract("reader", { read: { input: z.int(), output: z.array(Pid) } });

/** Reads some pages, and says which process read each. */
const readerAgent = agent(reader, {
  async read(ctx, pages) {
    const readers: number[] = [];
    for (let page = 0; page < pages; page++) {
      readers.push(await ctx.step("read a page", () => process.pid));
      await ctx.sleep("think", 100);
    }
    return readers;
  },
});

async function observe(folder: string): Promise<void> {
  const args = [...process.execArgv, import.meta.filename, folder];
  const workers = [1, 2].map(() =>
    spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] }),
  );
  await Promise.all(workers.map(({ stdout }) => once(stdout, "data"))); // both serve
  try {
    await using system = await createSystem({
      store: sqliteStore(join(folder, "readers.db")),
      agents: [],
    });
    const run = await system.start(reader.read, 10);
    let working: unknown;
    let pagesRead = 0;
    for await (const { event } of run.events()) {
      if (event.type !== "done" || ++pagesRead !== 3) continue;
      working = event.outcome.type === "value" ? event.outcome.value : undefined;
      break;
    }
    const killedAt = performance.now();
    workers.find(({ pid }) => pid === working)?.kill("SIGKILL");
    const readers = await run.result();
    const seconds = (performance.now() - killedAt) / 1_000;
    const before = readers.filter((pid) => pid === working).length;
    console.log(`the worker that had read ${before} of ${readers.length} pages was killed`);
    console.log(`the other one read the remaining ${readers.length - before}; nobody did anything`);
    console.log(`the run ended ${seconds.toFixed(1)} s after the kill`);
  } finally {
    for (const worker of workers) worker.kill("SIGKILL");
  }
}

const [folder] = process.argv.slice(2);
if (folder !== undefined) {
  const store = sqliteStore(join(folder, "readers.db"));
  await createSystem({ store, agents: [readerAgent] });
  console.log("ready");
  process.stdin.resume().once("end", () => process.exit()); // serves as long as its starter lives
} else {
  const made = mkdtempSync(join(tmpdir(), "waggle-"));
  await observe(made).finally(() => rmSync(made, { recursive: true, maxRetries: 10 }));
}
