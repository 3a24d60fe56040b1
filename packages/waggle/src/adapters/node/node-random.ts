import { randomFillSync } from "node:crypto";
import type { Random } from "../../ports/random.ts";

const ID_BYTES = 16;

/** Ids drawn from the secure generator at a time: a call for each costs more than the rest of making a run's id. */
const POOLED_IDS = 256;

/** The machine's chance; ids come from its secure generator, each bit used once. */
export function nodeRandom(): Random {
  const pool = Buffer.alloc(ID_BYTES * POOLED_IDS);
  let at = pool.length;
  return {
    next: () => Math.random(),
    id: () => {
      if (at === pool.length) {
        randomFillSync(pool);
        at = 0;
      }
      at += ID_BYTES;
      return pool.toString("hex", at - ID_BYTES, at);
    },
  };
}
