import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AnyMerge, mergeValues } from "../../../src/state/merge.ts";

/** Writes `changes` made from `base` one after another: each but the first finds the ones before it. */
function writeAll(merge: AnyMerge, base: unknown, changes: readonly unknown[]): unknown {
  return changes.reduce((theirs, mine, i) =>
    i === 0 ? mine : mergeValues(merge, mine, theirs, base),
  );
}

const items = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 6 });
const numbers = fc.integer({ min: -1_000, max: 1_000 });

describe("whatever the order of the writers, the outcome is the same", () => {
  test("of counters: what all of them added", () => {
    fc.assert(
      fc.property(numbers, fc.array(numbers, { minLength: 1, maxLength: 5 }), (base, added) => {
        const changes = added.map((by) => base + by);
        const sum = added.reduce((all, by) => all + by, base);
        expect(writeAll("counter", base, changes)).toBe(sum);
        expect(writeAll("counter", base, changes.toReversed())).toBe(sum);
      }),
    );
  });

  test("of max and min: the largest and the smallest", () => {
    const values = fc.array(numbers, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(numbers, values, (base, changes) => {
        expect(writeAll("max", base, changes)).toBe(Math.max(...changes));
        expect(writeAll("min", base, changes.toReversed())).toBe(Math.min(...changes));
      }),
    );
  });

  test("of unions: everything that somebody added, nothing that somebody removed", () => {
    const changes = fc.array(items, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(items, changes, (base, written) => {
        const kept = base.filter((item) => written.every((mine) => mine.includes(item)));
        const added = written.flat().filter((item) => !base.includes(item));
        const expected = new Set([...kept, ...added]);
        const forth = writeAll("union", base, written) as number[];
        expect(new Set(forth)).toEqual(expected);
        expect(forth).toHaveLength(expected.size);
        const others = written.toReversed();
        // The last merge sorts; with two writers or more there is one.
        expect(writeAll("union", base, others)).toEqual(forth);
      }),
    );
  });
});

test("a union takes objects with the same data for one, whatever the order of their properties", () => {
  const mine = [{ a: 1, b: { c: 2, d: 3 } }];
  const theirs = [{ b: { d: 3, c: 2 }, a: 1 }];
  expect(mergeValues("union", mine, theirs, [])).toEqual(theirs);
});

test("append keeps every new item, each writer's in its order, and no old one twice", () => {
  const lists = fc.array(fc.string({ maxLength: 2 }), { maxLength: 5 });
  fc.assert(
    fc.property(lists, fc.array(lists, { minLength: 1, maxLength: 4 }), (base, added) => {
      const changes = added.map((some) => [...base, ...some]);
      const all = writeAll({ type: "append" }, base, changes);
      expect(all).toEqual([...base, ...added.flat()]);
    }),
  );
});

test("append drops the oldest items over its limit, and still knows what is new", () => {
  const merge = { type: "append", limit: 3 } as const;
  const base = ["a", "b", "c"];
  expect(mergeValues(merge, ["b", "c", "mine"], ["c", "their", "s"], base)).toEqual([
    "their",
    "s",
    "mine",
  ]);
});

test("without a value there, nothing contradicts mine", () => {
  const rules = fc.constantFrom<AnyMerge>("max", "min", "last-writer", () => -1);
  fc.assert(
    fc.property(rules, numbers, numbers, (merge, mine, base) => {
      expect(mergeValues(merge, mine, undefined, base)).toBe(mine);
    }),
  );
  expect(mergeValues("counter", 7, undefined, 5)).toBe(2);
});

test("a rule of one's own sees mine, theirs and the base", () => {
  const value = fc.record({ n: numbers });
  fc.assert(
    fc.property(value, value, value, (mine, theirs, base) => {
      const merge = (...seen: readonly unknown[]): unknown => seen;
      expect(mergeValues(merge, mine, theirs, base)).toEqual([mine, theirs, base]);
    }),
  );
});
