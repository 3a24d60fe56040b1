import { randomBytes } from "node:crypto";
import type { Random } from "../../ports/random.ts";

/** The machine's chance; ids come from its secure generator. */
export function nodeRandom(): Random {
  return {
    next: () => Math.random(),
    id: () => randomBytes(16).toString("hex"),
  };
}
