// Row 9: a long conversation. What does a step cost at its end, and what does the ledger hold?
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, contract, createSystem } from "waggledance";
import { sqliteStore } from "waggledance/sqlite";
import { z } from "zod";

const Way = z.enum(["what is new", "the whole history"]);
const talk = contract("talk", {
  converse: { input: z.object({ way: Way, messages: z.int() }), output: z.int() },
});
const MESSAGE = "the quick brown fox jumps over the lazy dog ".repeat(5);
/** When each step was recorded, in ms. */
const times: number[] = [];

const talkAgent = agent(talk, {
  async converse(ctx, { way, messages }) {
    let history: string[] = [];
    let content = 0;
    for (let n = 0; n < messages; n++) {
      const say = (): string => `${n}: ${MESSAGE}`;
      // The ledger keeps what a step returns, and the handler has all of it: nothing has to be carried along.
      if (way === "what is new") history.push(await ctx.step("say", say));
      else history = await ctx.step("say", () => [...history, say()]);
      content += history.at(-1)?.length ?? 0;
      times.push(performance.now());
    }
    return content;
  },
});

/** Median ms of the 200 steps that end with step `last`. */
function stepMs(last: number): number {
  const took = times.slice(last - 200, last).map((at, i, all) => at - (all[i - 1] ?? at));
  return took.sort((a, b) => a - b)[100] ?? 0;
}

async function measure(way: z.infer<typeof Way>, messages: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "waggle-"));
  times.length = 0;
  let content = 0;
  {
    const store = sqliteStore(join(folder, "talk.db"), { durability: "process" });
    await using system = await createSystem({ store, agents: [talkAgent] });
    content = await (await system.start(talk.converse, { way, messages })).result();
  }
  const bytes = readdirSync(folder).reduce(
    (sum, file) => sum + statSync(join(folder, file)).size,
    0,
  );
  rmSync(folder, { recursive: true });
  const [start, end] = [stepMs(300), stepMs(messages)];
  console.log(`${messages} messages, each step returns ${way}:`);
  console.log(
    `  a step takes ${start.toFixed(2)} ms at the start, ${end.toFixed(2)} ms at the end`,
  );
  console.log(
    `  ${content} bytes of content are ${bytes} bytes of ledger: ${(bytes / content).toFixed(1)} times`,
  );
}

await measure("what is new", 2_000);
await measure("the whole history", 600);
