// LangGraph. langgraph.mjs steps|fan-out|waiting|conversation none|sqlite [width] [workflows]
import { randomBytes } from "node:crypto";
import { mkdtempSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  Annotation,
  END,
  messagesStateReducer,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import {
  endAgainstStart,
  expectResult,
  planTimes,
  report,
  STEPS,
  stepRates,
  WIDTH,
  waitingBytes,
} from "./measured.mjs";

const MESSAGES = 2_000;
const MESSAGE_BYTES = 200;
const [what, store, width, count] = process.argv.slice(2);
const file = join(mkdtempSync(join(import.meta.dirname, "data", "langgraph-")), "bench.db");
const saver = store === "sqlite" ? await sqliteSaver() : undefined;
const durability = saver === undefined ? "no store" : "SQLite, WAL, no fsync";
const State = Annotation.Root({
  n: Annotation(),
  out: Annotation({ reducer: (before, more) => before.concat(more), default: () => [] }),
  messages: Annotation({ reducer: messagesStateReducer, default: () => [] }),
});

const measures = { steps, "fan-out": fanOut, waiting, conversation };
await measures[what]();

async function sqliteSaver() {
  const { SqliteSaver } = await import("@langchain/langgraph-checkpoint-sqlite");
  const made = SqliteSaver.fromConnString(file);
  made.setup();
  return made;
}

function compile(graph) {
  return graph.compile(saver === undefined ? {} : { checkpointer: saver });
}

function settings(thread, more = {}) {
  const configurable = saver === undefined ? {} : { configurable: { thread_id: String(thread) } };
  return { recursionLimit: 100_000, ...configurable, ...more };
}

async function steps() {
  let graph = new StateGraph(State);
  for (let i = 0; i < STEPS; i++) graph = graph.addNode(`s${i}`, async ({ n }) => ({ n: n + 1 }));
  graph = graph.addEdge(START, "s0").addEdge(`s${STEPS - 1}`, END);
  for (let i = 1; i < STEPS; i++) graph = graph.addEdge(`s${i - 1}`, `s${i}`);
  const app = compile(graph);
  const workflow = async (i) => expectResult((await app.invoke({ n: 0 }, settings(i))).n, STEPS);
  report(
    { steps: await stepRates(workflow, { width: Number(width), count: Number(count) }) },
    durability,
  );
}

async function fanOut() {
  const branches = () => Array.from({ length: WIDTH }, (_, i) => new Send("branch", { i }));
  const app = compile(
    new StateGraph(State)
      .addNode("prepare", async () => ({ n: 1 }))
      .addNode("branch", async ({ i }) => ({ out: [i] }))
      .addNode("join", async ({ out }) => ({ n: out.length }))
      .addEdge(START, "prepare")
      .addConditionalEdges("prepare", branches, ["branch"])
      .addEdge("branch", "join")
      .addEdge("join", END),
  );
  const plan = async (i) => (await app.invoke({ n: 0 }, settings(i))).n;
  report({ plan: await planTimes(plan, 20) }, durability);
}

async function waiting() {
  let inside = 0;
  const gate = Promise.withResolvers();
  const wait = async () => {
    inside++;
    await gate.promise;
    return { n: 1 };
  };
  const app = compile(
    new StateGraph(State).addNode("wait", wait).addEdge(START, "wait").addEdge("wait", END),
  );
  const { heap, resident } = await waitingBytes({
    begin: (i) => app.invoke({ n: 0 }, settings(i)),
    waiting: () => inside,
    release: gate.resolve,
  });
  report({ heap: [heap] }, `${durability}; resident memory ${Math.round(resident)} B/run`);
}

// Messages are written before the next step: written behind the loop they would not be in the time of a step.
async function conversation() {
  await converse("warm-up", MESSAGES / 10);
  const before = storedBytes();
  const times = await converse("measured", MESSAGES);
  const figures = { time: [endAgainstStart(times, 100)] };
  if (saver !== undefined) figures.bytes = [(storedBytes() - before) / (MESSAGES * MESSAGE_BYTES)];
  report(figures, durability);
}

/** @returns ms from each message to the next. */
async function converse(thread, messages) {
  const times = [];
  let last;
  const speak = async ({ n }) => {
    const now = performance.now();
    if (last !== undefined) times.push(now - last);
    last = now;
    const content = randomBytes((MESSAGE_BYTES * 3) / 4).toString("base64");
    return { n: n + 1, messages: [{ role: "user", content }] };
  };
  const app = compile(
    new StateGraph(State)
      .addNode("speak", speak)
      .addEdge(START, "speak")
      .addConditionalEdges("speak", ({ n }) => (n < messages ? "speak" : END), ["speak", END]),
  );
  await app.invoke({ n: 0 }, settings(thread, { durability: "sync" }));
  return times;
}

function storedBytes() {
  if (saver === undefined) return 0;
  saver.db.pragma("wal_checkpoint(TRUNCATE)");
  return statSync(file).size;
}
