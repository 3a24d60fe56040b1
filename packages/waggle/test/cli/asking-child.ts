import { mkdirSync } from "node:fs";
import { z } from "zod";
import { sqliteStore } from "../../src/adapters/sqlite/index.ts";
import { messageType, to } from "../../src/core/contract.ts";
import { agent, type Context, contract, createSystem, person } from "../../src/index.ts";

// A program that asks people, as a user would write one: `<run> <what>`. Prints what the run gave, as JSON.

const json = z.json();
const clerk = contract("clerk", { ask: { input: z.string(), output: json } });
const chief = person("chief", { members: ["cora"] });
const technician = person("technician", { escalation: { to: chief, afterMs: 3_600_000 } });

const asks: Readonly<Record<string, (ctx: Context) => Promise<unknown>>> = {
  approve: (ctx) =>
    ctx.ask(technician.approve, { question: "Shall we drill?", about: { depth: 12 } }),
  choose: (ctx) =>
    ctx.ask(technician.choose, { question: "Which?", choices: ["--it's left", "right $HOME"] }),
  answer: (ctx) => ctx.ask(technician.answer, { question: "What is it?\u001b[2J\nSay it." }),
  edit: (ctx) => ctx.ask(technician.edit, { question: "Right?", value: { volts: 12 } }),
  form: (ctx) =>
    ctx.ask(technician.form, {
      question: "Please fill in",
      fields: [
        { name: "model", type: "text", label: "Name of the model" },
        { name: "isOld", type: "boolean", isOptional: true },
      ],
    }),
  expired: (ctx) => ctx.ask(technician.approve, { question: "Quick?", expireMs: 1 }),
  unheard: (ctx) =>
    ctx.send(to("technician", messageType("unheardOf", { input: json, output: json })), "hello"),
};

const clerkAgent = agent(
  clerk,
  {
    ask: async (ctx, what) => {
      const wanted = what.split(",");
      const branch = (one: Context, name: string): Promise<unknown> => asks[name]?.(one) ?? fail();
      return (await ctx.all("asks", wanted, branch, { key: (name) => name })) as never;
    },
  },
  { capabilities: ["asking"] },
);

function fail(): never {
  throw new Error("there is no such question");
}

const [, , run = "run", what = "approve"] = process.argv;
mkdirSync(".waggle", { recursive: true });
await using system = await createSystem({
  store: sqliteStore(".waggle/waggle.db"),
  agents: [clerkAgent, technician.agent, chief.agent],
  about: { pid: process.pid },
});
const started = await system.start(clerk.ask, what, { id: run });
process.stdout.write(`asked in process ${process.pid}\n`);
const ended = await started.result().then(
  (result) => ({ result }),
  (error: { readonly code: string }) => ({ code: error.code }),
);
process.stdout.write(`${JSON.stringify(ended)}\n`);
