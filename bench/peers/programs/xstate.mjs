// xstate: a machine of ten states, each of which waits for one promise. xstate.mjs [width] [workflows]
import { createActor, createMachine, fromPromise } from "xstate";
import { report, STEPS, stepRates } from "./measured.mjs";

const [width, count] = process.argv.slice(2);
const states = { [`s${STEPS}`]: { type: "final" } };
for (let i = 0; i < STEPS; i++) states[`s${i}`] = { invoke: { src: "work", onDone: `s${i + 1}` } };
const machine = createMachine({ initial: "s0", states }).provide({
  actors: { work: fromPromise(async () => 1) },
});
const workflow = () =>
  new Promise((complete, error) => {
    const actor = createActor(machine);
    actor.subscribe({ complete, error });
    actor.start();
  });
const steps = await stepRates(workflow, { width: Number(width), count: Number(count) });
report({ steps }, "no store; a bare state machine");
