import { runtimeError } from "../../../core/errors.ts";
import type { Command, CommandLimits } from "../../../ports/sandbox.ts";

/** The limits of a command that says nothing, as the port promises them. */
const DEFAULT_LIMITS: Required<CommandLimits> = {
  wallMs: 120_000,
  cpuSeconds: 120,
  memoryBytes: 1024 ** 3,
  processes: 256,
  outputBytes: 1024 ** 2,
};

/** Longest timer of the platform. */
const MAX_WALL_MS = 2 ** 31 - 1;

/**
 * The limits of `command`, all set.
 * @throws RuntimeError `USAGE` for a command or limit that makes no sense; nothing happened.
 */
export function settledLimits(command: Command): Required<CommandLimits> {
  const limits = { ...DEFAULT_LIMITS, ...command.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isFinite(value) || value <= 0) {
      throw runtimeError("USAGE", `limit ${name} of a command is ${value} (more than 0)`);
    }
  }
  for (const text of [...command.argv, ...Object.entries(command.env ?? {}).flat()]) {
    if (text.includes("\0")) {
      throw runtimeError("USAGE", "an argument or environment value holds a zero character");
    }
  }
  for (const name of Object.keys(command.env ?? {})) {
    if (name === "" || name.includes("=")) {
      throw runtimeError("USAGE", `${JSON.stringify(name)} is no name of an environment variable`);
    }
  }
  if (command.argv[0] === "") throw runtimeError("USAGE", "a command has no program");
  return {
    wallMs: Math.min(limits.wallMs, MAX_WALL_MS),
    cpuSeconds: limits.cpuSeconds,
    memoryBytes: Math.floor(limits.memoryBytes),
    processes: Math.ceil(limits.processes),
    outputBytes: Math.max(2, Math.floor(limits.outputBytes)),
  };
}
