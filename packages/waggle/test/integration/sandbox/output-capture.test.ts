import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputCapture } from "../../../src/adapters/node/sandbox/output-capture.ts";

/** Head, bytes cut, tail of what a capture says. */
function partsOf(text: string): { head: string; cut: number; tail: string } | undefined {
  const found = /^(.*)\n\.\.\. (\d+) bytes cut \.\.\.\n(.*)$/s.exec(text);
  return found === null
    ? undefined
    : { head: found[1] ?? "", cut: Number(found[2]), tail: found[3] ?? "" };
}

test("whatever comes, in whatever pieces, is kept whole or as its head and tail with the true gap", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "é", "漢", "😀"), maxLength: 120 });
  fc.assert(
    fc.property(
      letters,
      fc.integer({ min: 2, max: 60 }),
      fc.array(fc.nat(40)),
      (text, limit, sizes) => {
        const bytes = Buffer.from(text);
        const capture = new OutputCapture(limit);
        let at = 0;
        for (const size of sizes) {
          capture.take(bytes.subarray(at, at + size));
          at += size;
        }
        capture.take(bytes.subarray(at));
        const kept = capture.text();
        expect(capture.isTruncated).toBe(bytes.length > limit);
        if (!capture.isTruncated) {
          expect(kept).toBe(text);
          return;
        }
        const parts = partsOf(kept);
        expect(parts).toBeDefined();
        if (parts === undefined) return;
        expect(text.startsWith(parts.head)).toBe(true);
        expect(text.endsWith(parts.tail)).toBe(true);
        const keptBytes = Buffer.byteLength(parts.head) + Buffer.byteLength(parts.tail);
        expect(keptBytes + parts.cut).toBe(bytes.length);
        expect(keptBytes).toBeLessThanOrEqual(limit);
      },
    ),
    { numRuns: 2000, seed: 11 },
  );
});
