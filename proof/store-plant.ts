import type { Plant, StoreName } from "./plants.ts";

/** A planted bug of a store, and the promise it would break. */
export interface StorePlant extends Plant {
  readonly promise: string;
}

/** Changes `file` of a store; the conformance case `expected` has to notice. */
export function storePlant(
  promise: string,
  store: StoreName,
  name: string,
  [file, find, replace]: readonly [file: string, find: string, replace: string],
  expected: string,
): StorePlant {
  return {
    promise,
    name: `${store}: ${name}`,
    edits: [{ file: `adapters/${store}/${file}`, find, replace }],
    hunt: { type: "conformance", store, case: expected },
  };
}
