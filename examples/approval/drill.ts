// An agent that asks a person before it does something. Run it, answer in a second terminal; kill it in between and
// run it again: the question is still there, and what was done is not done twice.
import { mkdirSync } from "node:fs";
import { agent, approves, contract, createSystem, person } from "waggledance";
import { sqliteStore } from "waggledance/sqlite";
import { z } from "zod";

const chief = person("chief");
const technician = person("technician", {
  expireMs: 24 * 3_600_000,
  escalation: { to: chief, afterMs: 10 * 60_000 },
});

const workshop = contract("workshop", { open: { input: z.null(), output: z.string() } });

const workshopAgent = agent(workshop, {
  async open(ctx) {
    const call = await ctx.step("look at the device", () => ({ tool: "drill", depthMm: 12 }));
    const approval = await ctx.ask(technician.approve, {
      question: "The housing is glued. Shall I drill it open?",
      about: call,
    });
    // Yes to exactly this call, and to no other.
    if (!approves(approval, call)) return `not opened: ${approval.by} said no`;
    await ctx.step("drill", () => `drilled ${call.depthMm} mm`, { class: "once" });
    return `opened, as ${approval.by} approved`;
  },
});

mkdirSync(".waggle", { recursive: true });
await using system = await createSystem({
  store: sqliteStore(".waggle/waggle.db"),
  agents: [workshopAgent, technician.agent, chief.agent],
  about: { pid: process.pid },
});

// The same id is the same run: started again after a crash, it goes on.
const run = await system.start(workshop.open, null, { id: process.argv[2] ?? "drill-1" });
console.log(`run ${run.id} (${run.isNew ? "new" : "going on"}), process ${process.pid}`);
console.log("it asks a person; answer in a second terminal, in this folder: npx waggle inbox");
console.log(await run.result().catch((error: Error) => error.message));
