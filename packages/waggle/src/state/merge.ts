import { canonicalText } from "./canonical-text.ts";

/**
 * What becomes of a value when somebody else wrote the same key since what it is based on. Every rule sees
 * `mine` (what is to be written), `theirs` (what is there now) and `base` (what mine was made from, if anything).
 *
 * - `counter`: a number; what both added is added: `theirs + (mine - base)`. Whole numbers; see `add`.
 * - `max`, `min`: the larger or smaller of two numbers or strings (by code units).
 * - `union`: a list without repetitions; items that mine has added or removed are added to or removed from
 *   theirs. Items are equal if their data is, whatever the order of their properties.
 * - `append`: a list that grows at its end; mine's new items go behind theirs. Only the newest `limit` items
 *   are kept (default 1,000).
 * - `last-writer`: mine.
 * - a function: what it returns. Pure; called again when the merged value meets another conflict.
 */
export type Merge<Value> =
  | "last-writer"
  | ([Value] extends [number] ? "counter" | "max" | "min" : never)
  | ([Value] extends [string] ? "max" | "min" : never)
  | ([Value] extends [readonly unknown[]] ? "union" | AppendMerge : never)
  | ((mine: Value, theirs: Value, base: Value | undefined) => Value);

/** See {@link Merge}. */
export interface AppendMerge {
  readonly type: "append";
  /** Most items kept, a whole number of at least 1. Default 1,000. */
  readonly limit?: number;
}

/** A {@link Merge} whose value type is not known any more. */
export type AnyMerge =
  | "counter"
  | "max"
  | "min"
  | "union"
  | "last-writer"
  | AppendMerge
  | ((mine: never, theirs: never, base: never) => unknown);

const DEFAULT_APPEND_LIMIT = 1_000;

/** Applies `merge`. Without `theirs` (the value was removed, or never was) nothing contradicts mine. */
export function mergeValues(
  merge: AnyMerge,
  mine: unknown,
  theirs: unknown,
  base: unknown,
): unknown {
  if (typeof merge === "function") {
    if (theirs === undefined) return mine;
    // A key checks that its rule fits its schema's output; all three values are such outputs.
    return merge(mine as never, theirs as never, base as never);
  }
  if (typeof merge === "object") return mergeAppended(merge, list(mine), list(theirs), list(base));
  switch (merge) {
    case "counter":
      return number(theirs) + number(mine) - number(base);
    case "union":
      return mergeUnion(list(mine), list(theirs), list(base));
    case "max":
      return theirs !== undefined && isLess(mine, theirs) ? theirs : mine;
    case "min":
      return theirs !== undefined && isLess(theirs, mine) ? theirs : mine;
    case "last-writer":
      return mine;
  }
}

/** What a rule makes of a value that nothing contradicts: `append` drops what is over its limit. */
export function boundedValue(merge: AnyMerge | undefined, value: unknown): unknown {
  return typeof merge === "object" ? newest(list(value), merge) : value;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isLess(one: unknown, other: unknown): boolean {
  return (one as number | string) < (other as number | string);
}

function mergeUnion(
  mine: readonly unknown[],
  theirs: readonly unknown[],
  base: readonly unknown[],
): readonly unknown[] {
  const mineTexts = new Set(mine.map(canonicalText));
  const baseTexts = new Set(base.map(canonicalText));
  const merged = new Map<string, unknown>();
  for (const item of theirs) {
    const text = canonicalText(item);
    const removedByMe = baseTexts.has(text) && !mineTexts.has(text);
    if (!removedByMe) merged.set(text, item);
  }
  for (const item of mine) {
    const text = canonicalText(item);
    // What mine only kept from the base is there, unless they removed it.
    if (!baseTexts.has(text) && !merged.has(text)) merged.set(text, item);
  }
  // In the order of the items themselves, so that the order of the writers leaves no trace.
  const sorted = [...merged].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([, item]) => item);
}

function mergeAppended(
  merge: AppendMerge,
  mine: readonly unknown[],
  theirs: readonly unknown[],
  base: readonly unknown[],
): readonly unknown[] {
  return newest([...theirs, ...appendedTo(base, mine)], merge);
}

/** What `mine` has behind the longest end of `base` that it begins with: a full list drops its oldest items. */
function appendedTo(base: readonly unknown[], mine: readonly unknown[]): readonly unknown[] {
  const before = base.map(canonicalText);
  const now = mine.map(canonicalText);
  for (let start = 0; start < before.length; start++) {
    const length = before.length - start;
    if (length <= now.length && before.slice(start).every((text, i) => text === now[i])) {
      return mine.slice(length);
    }
  }
  return mine;
}

function newest(
  items: readonly unknown[],
  { limit = DEFAULT_APPEND_LIMIT }: AppendMerge,
): readonly unknown[] {
  return items.length > limit ? items.slice(items.length - limit) : items;
}
