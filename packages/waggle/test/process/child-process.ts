import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Programs that run as processes of their own. */
export type ChildProgram = "appending-child" | "counting-child" | "beating-child" | "failing-child";

/** The command line that runs `program` from source. */
export function childCommand(
  program: ChildProgram,
  args: readonly string[],
): readonly [string, ...string[]] {
  const file = join(import.meta.dirname, `${program}.ts`);
  return [process.execPath, "--no-warnings", "--conditions=waggle-source", file, ...args];
}

/** A running child with its output so far. */
export interface Child {
  readonly process: ChildProcess;
  /** Everything it wrote to stdout so far. */
  output(): string;
  /** Resolves when its output holds `text`; rejects when it ends before. */
  said(text: string): Promise<void>;
  /** Resolves with its output when it has ended and everything it wrote has arrived. */
  ended(): Promise<string>;
}

/** Starts a command; its stderr is shown. */
export function startChild([program, ...args]: readonly [string, ...string[]]): Child {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
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
      return output;
    },
  };
}
