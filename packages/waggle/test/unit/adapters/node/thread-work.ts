import { threadId } from "node:worker_threads";
import { runtimeError } from "../../../../src/core/errors.ts";

/** Computes until somebody else writes to `flag`: it can only end if the other thread goes on meanwhile. */
export function spinUntilTold({ flag }: { readonly flag: SharedArrayBuffer }): string {
  const cells = new Int32Array(flag);
  Atomics.store(cells, 1, 1);
  while (Atomics.load(cells, 0) === 0);
  return "told";
}

/** Computes for ever. */
export function spin(): void {
  for (;;);
}

/** Where this runs, and its argument. */
export function echo(argument: unknown): unknown {
  return { threadId, argument };
}

/** Throws what it is asked for. */
export function fail(how: "foreign" | "runtime" | "exit" | "function"): unknown {
  if (how === "runtime") throw runtimeError("CONFLICT", "somebody was faster");
  if (how === "foreign") throw new TypeError("odd");
  if (how === "exit") process.exit(3);
  return () => how;
}
