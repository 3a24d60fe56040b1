import {
  findSandbox,
  nodeWorkspace,
  sweepLeftovers,
  unisolatedSandbox,
} from "../adapters/node/index.ts";
import { planner } from "../agents/project-team/planner/planner-agent.ts";
import { projectTeam } from "../agents/project-team/project-team.ts";
import { RuntimeError } from "../core/errors.ts";
import { orchestrator } from "../orchestration/orchestrator.ts";
import type { SandboxOffer } from "../ports/sandbox.ts";
import type { Store } from "../ports/store.ts";
import type { Run } from "../runtime/runs.ts";
import { createSystem } from "../system/create-system.ts";
import type { RunSubject } from "./run-identity.ts";
import type { Worker } from "./worker-seat.ts";

/** The system of this command: the project team and who leads it. Dispose it: what is open is given back. */
export interface TeamSystem extends AsyncDisposable {
  /** Starts the run of that id, or goes on with it. From then on this process works on it. */
  start(run: string, subject: RunSubject): Promise<Run<unknown>>;
}

/**
 * Puts ledger, machine and team together, as a host that works on nothing until it is told.
 * @param onTrouble - Gets failures that the system lives through.
 */
export async function openTeam(parts: {
  readonly store: Store;
  readonly sandbox: SandboxOffer;
  readonly worker: Worker;
  readonly onTrouble: (cause: unknown) => void;
}): Promise<TeamSystem> {
  const { store, sandbox, worker, onTrouble } = parts;
  const team = projectTeam({ workspace: nodeWorkspace(), sandbox });
  const lead = orchestrator("orchestrator", { planner: planner.plan, agents: team });
  const system = await createSystem({
    store,
    agents: [...team, lead.agent],
    serves: "own-runs",
    about: { token: worker.token, pid: worker.pid },
    onTrouble,
  });
  return {
    start: (run, { goal, folder, install, allowUnsandboxed, testTimeoutMs }) =>
      system.start(
        lead.execute,
        { goal, folder, options: { install, allowUnsandboxed, testTimeoutMs } },
        { id: run },
      ),
    [Symbol.asyncDispose]: () => system[Symbol.asyncDispose](),
  };
}

/** What this machine has to run foreign code in, and what the user is to be told about it. */
export interface FoundSandbox {
  readonly offer: SandboxOffer;
  /** One line. */
  readonly note: string;
  /** True when the note is something to act on. */
  readonly isWarning: boolean;
}

/** Folders, as in `PATH`, in which bubblewrap and npm are looked for: version managers keep npm in their own. */
interface SearchPlace {
  readonly searchPath?: string;
}

/** Finds the sandbox; without isolation only if `allowUnsandboxed`. A missing one is no error. */
export async function chooseSandbox(
  allowUnsandboxed: boolean,
  where: SearchPlace,
): Promise<FoundSandbox> {
  if (allowUnsandboxed) return await withoutWalls(where);
  const offer = await findSandbox(where);
  if (offer.type === "available") {
    const note = `sandbox: ${offer.sandbox.capabilities.description}`;
    return { offer, note, isWarning: false };
  }
  const note = `no sandbox: ${offer.reason}; no code of the project is run. ${offer.remedy}`;
  return { offer, note, isWarning: true };
}

async function withoutWalls(where: SearchPlace): Promise<FoundSandbox> {
  try {
    const sandbox = await unisolatedSandbox(where);
    const note =
      "warning: --no-sandbox: the project's tests run as you, with your files and your network";
    return { offer: { type: "available", sandbox }, note, isWarning: true };
  } catch (error) {
    if (!RuntimeError.is(error, "SANDBOX_UNAVAILABLE")) throw error;
    const remedy = "Run Waggle on Linux.";
    const note = `no sandbox: ${error.message}; no code of the project is run. ${remedy}`;
    const offer: SandboxOffer = { type: "missing", reason: error.message, remedy };
    return { offer, note, isWarning: true };
  }
}

/**
 * Ends what killed Waggle processes left behind.
 * @returns one line for the user; undefined if there was nothing. A failure is told in it and stops nothing.
 */
export async function sweep(): Promise<string | undefined> {
  try {
    const { killed, removed } = await sweepLeftovers();
    if (killed + removed === 0) return undefined;
    return `cleaned up after a killed process: ${killed} processes ended, ${removed} folders removed`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `warning: leftovers of killed processes could not be removed: ${reason}`;
  }
}
