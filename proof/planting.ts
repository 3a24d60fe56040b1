import type { Preload } from "../packages/waggle/test/process/child-process.ts";
import type { Edit } from "./plant-hook.ts";

/** Plants `edits` in a process that it is preloaded into. */
export function planting(edits: readonly Edit[]): Preload {
  return {
    module: new URL("./plant-hook.ts", import.meta.url).href,
    environment: { WAGGLE_PLANT: JSON.stringify(edits) },
  };
}
