import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Programs that run as processes of their own. */
export type ChildProgram =
  | "appending-child"
  | "counting-child"
  | "beating-child"
  | "failing-child"
  | "posting-child"
  | "power-cut/recorded-child"
  | "workers/worker-child"
  | "recovery/patient-child"
  | "overload/overload-child"
  | "cancel/tree-child";

/** A module that is loaded into a child before its program: how a bug is planted in it. */
export interface Preload {
  /** URL of the module. */
  readonly module: string;
  /** Added to the child's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The command line that runs `program` from source. */
export function childCommand(
  program: ChildProgram,
  args: readonly string[],
  preload?: Preload,
): readonly [string, ...string[]] {
  const file = join(import.meta.dirname, `${program}.ts`);
  const first = preload === undefined ? [] : ["--import", preload.module];
  return [process.execPath, "--no-warnings", "--conditions=waggle-source", ...first, file, ...args];
}

/** A running child with its output so far. */
export interface Child {
  readonly process: ChildProcess;
  /** Everything it wrote to stdout so far. */
  output(): string;
  /** Resolves when its output holds `text`; rejects when it ends before. */
  said(text: string): Promise<void>;
  /** Resolves with its output when it has ended and everything it wrote has arrived. Rejects if it failed by itself. */
  ended(): Promise<string>;
}

/** Starts a command; its stderr is shown. `environment` is added to this process's own. */
export function startChild(
  [program, ...args]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
): Child {
  const env = { ...process.env, ...environment };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  const closed = once(child, "close");
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return {
    process: child,
    output: () => output,
    said: async (text) => {
      while (!output.includes(text)) {
        const ended = await Promise.race([
          once(child.stdout, "data").then(() => false),
          closed.then(() => true),
        ]);
        if (ended && !output.includes(text)) throw new Error(`child ended without '${text}'`);
      }
    },
    ended: async () => {
      await closed;
      if ((child.exitCode ?? 0) === 0) return output;
      throw new Error(`${program} ${args.join(" ")} ended with ${child.exitCode}`);
    },
  };
}
