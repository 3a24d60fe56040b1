// Mastra. mastra.mjs steps|fan-out|waiting none|libsql [width] [workflows]
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Mastra } from "@mastra/core/mastra";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import {
  expectResult,
  planTimes,
  report,
  STEPS,
  stepRates,
  WIDTH,
  waitingBytes,
} from "./measured.mjs";

const Count = z.object({ n: z.number() });
const [what, store, width, count] = process.argv.slice(2);
const storage = store === "libsql" ? await libsqlStore() : undefined;
const durability = storage === undefined ? "no store" : "libSQL file, WAL, no fsync";

const measures = { steps, "fan-out": fanOut, waiting };
await measures[what]();

async function libsqlStore() {
  const { LibSQLStore } = await import("@mastra/libsql");
  const folder = mkdtempSync(join(import.meta.dirname, "data", "mastra-"));
  const made = new LibSQLStore({ id: "bench", url: `file:${join(folder, "bench.db")}` });
  await made.init();
  return made;
}

function countStep(id, execute) {
  return createStep({ id, inputSchema: Count, outputSchema: Count, execute });
}

/** @returns a function that carries out one run of `workflow`. */
function runnerOf(workflow) {
  const workflows = { bench: workflow.commit() };
  const mastra = new Mastra({ workflows, logger: false, ...(storage && { storage }) });
  return async (inputData) => {
    const run = await mastra.getWorkflow("bench").createRun();
    const { status, result, error } = await run.start({ inputData });
    if (status !== "success") throw new Error(`${status}: ${error}`);
    return result.n;
  };
}

async function steps() {
  let workflow = createWorkflow({ id: "bench", inputSchema: Count, outputSchema: Count });
  for (let i = 0; i < STEPS; i++) {
    workflow = workflow.then(countStep(`s${i}`, async ({ inputData: { n } }) => ({ n: n + 1 })));
  }
  const run = runnerOf(workflow);
  const one = async () => expectResult(await run({ n: 0 }), STEPS);
  report(
    { steps: await stepRates(one, { width: Number(width), count: Number(count) }) },
    durability,
  );
}

async function fanOut() {
  const join = async ({ inputData }) => ({ n: inputData.length });
  const run = runnerOf(
    createWorkflow({ id: "bench", inputSchema: z.array(Count), outputSchema: Count })
      .foreach(
        countStep("branch", async () => ({ n: 1 })),
        { concurrency: WIDTH },
      )
      .then(createStep({ id: "join", inputSchema: z.any(), outputSchema: Count, execute: join })),
  );
  const items = Array.from({ length: WIDTH }, () => ({ n: 0 }));
  report({ plan: await planTimes(() => run(items), 20) }, durability);
}

async function waiting() {
  let inside = 0;
  const gate = Promise.withResolvers();
  const wait = countStep("wait", async () => {
    inside++;
    await gate.promise;
    return { n: 1 };
  });
  const run = runnerOf(
    createWorkflow({ id: "bench", inputSchema: Count, outputSchema: Count }).then(wait),
  );
  const { heap, resident } = await waitingBytes({
    begin: () => run({ n: 0 }),
    waiting: () => inside,
    release: gate.resolve,
  });
  report({ heap: [heap] }, `${durability}; resident memory ${Math.round(resident)} B/run`);
}
