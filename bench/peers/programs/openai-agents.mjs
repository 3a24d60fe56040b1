// OpenAI Agents: turns of one agent, one after the other, with a model that answers at once.
import { Agent, Runner, setTracingDisabled, Usage } from "@openai/agents";
import { durations, expectResult, report } from "./measured.mjs";

const TURNS = 2_000;
setTracingDisabled(true);
const content = [{ type: "output_text", text: "ok" }];
const model = {
  getResponse: async () => ({
    usage: new Usage(),
    output: [{ type: "message", id: "m", role: "assistant", status: "completed", content }],
  }),
  async *getStreamedResponse() {},
};
const agent = new Agent({ name: "bench", instructions: "answer", model });
const runner = new Runner({ tracingDisabled: true });

const times = await durations(async () => {
  for (let i = 0; i < TURNS; i++) expectResult((await runner.run(agent, "hi")).finalOutput, "ok");
});
const turns = times.map((ms) => (TURNS / ms) * 1_000);
report({ turns }, "no store; turns of an agent with a model that answers at once, not steps");
