// Row 8: a run is cancelled while agents wait for each other and real processes run. What stops?
import { spawn } from "node:child_process";
import { once } from "node:events";
import { agent, contract, createSystem } from "waggledance";
import { memoryStore } from "waggledance/memory";
import { nodeClock } from "waggledance/node";
import { z } from "zod";

const Nothing = { input: z.null(), output: z.null() };
const chief = contract("chief", { build: Nothing });
const builder = contract("builder", { compile: Nothing });
const mailer = contract("mailer", { announce: Nothing });
const pids: number[] = [];

const agents = [
  agent(chief, {
    async build(ctx) {
      await ctx.all(
        "work",
        [builder.compile, builder.compile, mailer.announce],
        (branch, operation) => branch.ask(operation, null),
      );
      return null;
    },
  }),
  // The right way: what runs in a step gets the step's signal.
  agent(builder, {
    compile: (ctx) =>
      ctx.step("compile", async ({ signal }) => {
        const compiler = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], {
          signal,
          killSignal: "SIGKILL",
        });
        if (compiler.pid !== undefined) pids.push(compiler.pid);
        await once(compiler, "exit");
        return null;
      }),
  }),
  // The wrong way: a step that does not listen. Nobody can stop it, so nobody says that it was stopped.
  agent(mailer, {
    announce: (ctx) => ctx.step("send mail", () => new Promise<null>(() => {}), { class: "once" }),
  }),
];

function livesOn(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

await using system = await createSystem({
  store: memoryStore({ clock: nodeClock() }),
  agents,
  cancelGraceMs: 500, // how long a step that does not listen is waited for
  graceMs: 100, // and how long when the system ends
});
const run = await system.start(chief.build, null);
while (pids.length < 2) await nodeClock().sleep(10);
console.log(`before: ${pids.filter(livesOn).length} processes run`);
const receipt = await system.cancel(run.id);
console.log(`after: ${pids.filter(livesOn).length} processes run`);
console.log(`stopped: ${receipt.stopped.map(({ name }) => name).join(", ")}`);
console.log(`finished before: ${receipt.finished.length}`);
for (const { name, path } of receipt.unknown) console.log(`nobody knows: ${path} of ${name}`);
