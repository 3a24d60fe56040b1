import type { Random } from "../../ports/random.ts";

/**
 * A stream of numbers in [0, 1) that depends on `seed` (its low 32 bits) only.
 * Mulberry32: passes the tests that matter for choosing schedules, 4 ns a number. Not for secrets.
 */
export function numberStream(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A {@link Random} that depends on `seed`, `name` and `incarnation` only. Its ids are not secret. */
export function simRandom(seed: number, name: string, incarnation: number): Random {
  const next = numberStream(mixName(seed, name) ^ Math.imul(incarnation, 0x9e3779b1));
  const word = (): string =>
    Math.floor(next() * 4_294_967_296)
      .toString(16)
      .padStart(8, "0");
  return { next, id: () => word() + word() + word() + word() };
}

/** FNV-1a over the UTF-16 units of `name`, started from `seed`. */
function mixName(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ Math.imul(seed | 0, 0x85ebca6b);
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash;
}
