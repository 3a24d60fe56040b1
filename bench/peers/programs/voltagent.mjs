// VoltAgent, in memory. voltagent.mjs steps|fan-out [width] [workflows]
import { andThen, createWorkflowChain } from "@voltagent/core";
import { z } from "zod";
import { expectResult, planTimes, report, STEPS, stepRates, WIDTH } from "./measured.mjs";

const Count = z.object({ n: z.number() });
const [what, width, count] = process.argv.slice(2);
const silent = () => {};
const logger = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
  child: () => logger,
};

const measures = { steps, "fan-out": fanOut };
await measures[what]();

function emptyChain() {
  return createWorkflowChain({ id: "bench", name: "bench", input: Count, result: Count, logger });
}

async function steps() {
  let chain = emptyChain();
  for (let i = 0; i < STEPS; i++) {
    chain = chain.andThen({ id: `s${i}`, execute: async ({ data }) => ({ n: data.n + 1 }) });
  }
  const workflow = async () => expectResult((await chain.run({ n: 0 })).result?.n, STEPS);
  report(
    { steps: await stepRates(workflow, { width: Number(width), count: Number(count) }) },
    "no store",
  );
}

async function fanOut() {
  const branches = Array.from({ length: WIDTH }, (_, i) =>
    andThen({ id: `branch${i}`, execute: async () => ({ n: 1 }) }),
  );
  const chain = emptyChain()
    .andAll({ id: "all", steps: branches })
    .andThen({ id: "join", execute: async ({ data }) => ({ n: data.length }) });
  const plan = async () => (await chain.run({ n: 0 })).result?.n;
  report({ plan: await planTimes(plan, 60) }, "no store");
}
