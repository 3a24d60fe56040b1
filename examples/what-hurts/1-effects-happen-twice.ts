// Row 1: a process is killed between an effect and its record. Does the effect happen twice?
// The program starts itself twice as a shop: the first one is killed when it has charged, the second one goes on.
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, contract, createSystem, RuntimeError } from "waggledance";
import { sqliteStore } from "waggledance/sqlite";
import { z } from "zod";

const Class = z.enum(["repeatable", "keyed", "once"]);
const shop = contract("shop", { sell: { input: Class, output: z.string() } });

/** A payment service with its books in a file. Like real ones, it charges once per idempotency key. */
function charge(books: string, key: string): void {
  if (!chargesIn(books).includes(key)) appendFileSync(books, `${key}\n`);
}

function chargesIn(books: string): readonly string[] {
  return existsSync(books) ? readFileSync(books, "utf8").trim().split("\n") : [];
}

async function sellInEachClass(folder: string, isKilled: boolean): Promise<void> {
  let charged = 0;
  const shopAgent = agent(shop, {
    sell: (ctx, effects) =>
      ctx.step(
        "charge",
        async ({ key }) => {
          // A `repeatable` step is one that needs no key. Charging does: so this is the fault.
          const attempt = `charged by process ${process.pid}`;
          charge(join(folder, effects), effects === "repeatable" ? attempt : key);
          if (!isKilled) return "paid";
          if (++charged === Class.options.length) process.kill(process.pid, "SIGKILL");
          return new Promise<string>(() => {}); // charged and not recorded: the worst moment there is
        },
        { class: effects },
      ),
  });
  const store = sqliteStore(join(folder, "shop.db"));
  await using system = await createSystem({ store, agents: [shopAgent] });
  for (const effects of Class.options) {
    const run = await system.start(shop.sell, effects, { id: `sale-${effects}` }); // the same id is the same run
    if (isKilled) continue;
    const end = await run.result().catch((error) => {
      if (RuntimeError.is(error, "EFFECT_UNKNOWN")) return error.code;
      throw error;
    });
    const charges = chargesIn(join(folder, effects)).length;
    console.log(
      `class ${effects}: charged ${charges === 1 ? "once" : "TWICE"}, the run ended with ${end}`,
    );
  }
  if (isKilled) await new Promise(() => {}); // until it is killed
}

const [folder, fate] = process.argv.slice(2);
if (folder !== undefined) {
  await sellInEachClass(folder, fate === "is-killed");
} else {
  const made = mkdtempSync(join(tmpdir(), "waggle-"));
  for (const fate of ["is-killed", "goes-on"]) {
    const args = [...process.execArgv, import.meta.filename, made, fate];
    const { signal } = spawnSync(process.execPath, args, { stdio: "inherit" });
    if (signal !== null)
      console.log(`the shop was ended by ${signal}, with three charges made and none recorded`);
  }
  rmSync(made, { recursive: true });
}
