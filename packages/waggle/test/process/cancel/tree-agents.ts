import { z } from "zod";
import { type AgentDefinition, agent, type Context, contract } from "../../../src/index.ts";

/** Runs a command of several processes that would live for minutes. */
export type RunCommand = (run: string, signal: AbortSignal) => Promise<void>;

/** Asks of a task, by its level: a tree of 1 + 3 + 6 tasks. */
const CHILDREN = [3, 2, 0];
const Level = { input: z.object({ level: z.number() }), output: z.null() };
const tree = contract("tree", { grow: Level }, { mailbox: 100_000 });

/** Agents that ask each other three levels deep, each of which runs a command meanwhile. */
export function treeAgents(runCommand: RunCommand): readonly AgentDefinition[] {
  const work = (ctx: Context): Promise<null> =>
    ctx.step("command", ({ signal }) => runCommand(ctx.run, signal).then(() => null));
  const definition = agent(
    tree,
    {
      async grow(ctx, { level }) {
        const branches = Array.from({ length: 1 + (CHILDREN[level] ?? 0) }, (_, i) => i);
        await ctx.all("branches", branches, async (branch, i) =>
          i === 0 ? work(branch) : branch.ask(tree.grow, { level: level + 1 }),
        );
        return null;
      },
    },
    // Less than five trees want: others of their tasks wait to begin, and are spread over the hosts.
    { concurrency: 12 },
  );
  return [definition];
}

/** Tasks of a whole tree. */
export const TREE_TASKS = 10;

/** The operation of a tree's root. */
export const GROW: Parameters<Context["ask"]>[0] = tree.grow;
