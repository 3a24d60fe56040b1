import { type RegisteredAgent, registeredAgents } from "../runtime/registry.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { ledgerFile, openExistingLedger } from "./ledger.ts";
import { counted, oneLine } from "./printable.ts";

/** The options of `waggle agents`. */
export interface AgentsOptions {
  readonly json?: true;
}

/**
 * `waggle agents`: lists the agents that processes of this ledger run, as of their last beats; changes nothing.
 * @returns the exit code.
 * @throws RuntimeError `USAGE`, `STORE_UNAVAILABLE`.
 */
export async function agentsCommand(
  options: AgentsOptions,
  { cwd, stdout }: CommandContext,
): Promise<number> {
  await using store = await openExistingLedger(cwd);
  const agents = store === undefined ? [] : await registeredAgents(store);
  if (options.json) stdout.write(`${JSON.stringify(agents)}\n`);
  else if (agents.length === 0) {
    stdout.write(`no process has agents here (the ledger is ${ledgerFile(cwd)})\n`);
  } else stdout.write(`${agentList(agents)}\n`);
  return EXIT.done;
}

function agentList(agents: readonly RegisteredAgent[]): string {
  const width = agents.reduce((longest, { name }) => Math.max(longest, name.length), 0);
  return agents.map((agent) => agentLine(agent, width)).join("\n");
}

function agentLine(agent: RegisteredAgent, width: number): string {
  const { name, status, busy, concurrency, waiting, capabilities, groups, hosts } = agent;
  const living = hosts.filter((host) => host.status !== "offline");
  const places = living.map(({ about, host }) => {
    const pid = about["pid"];
    return typeof pid === "number" ? `process ${pid}` : host;
  });
  const parts = [
    `${busy} of ${concurrency} busy`,
    ...(waiting > 0 ? [`${counted(waiting, "message")} waiting`] : []),
    ...(places.length === 0 ? [] : [places.join(", ")]),
    ...(capabilities.length === 0 ? [] : [`can ${capabilities.join(", ")}`]),
    ...(groups.length === 0 ? [] : [`in ${groups.join(", ")}`]),
  ];
  return (
    oneLine(`${name}`, width).padEnd(width) +
    `  ${status.padEnd(7)}  ${oneLine(parts.join("; "), 300)}`
  );
}
