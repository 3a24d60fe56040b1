import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { digest128 } from "../../../src/core/digest.ts";

function expected(...parts: readonly string[]): string {
  const text = parts.map((part) => `${part.length}:${part}`).join("");
  return createHash("sha256").update(text, "utf8").digest("hex").slice(0, 32);
}

test("a digest is that of the length-prefixed parts, however long they are", () => {
  for (const unit of ["a", "\u00e9", "\u20ac", "\u{1f41d}", "\ud800"]) {
    for (const length of [0, 1, 300, 680, 1_362, 1_370, 4_100, 20_000]) {
      const part = unit.repeat(length);
      expect(digest128(part, "b")).toBe(expected(part, "b"));
      expect(digest128("ab", "c")).toBe(expected("ab", "c"));
    }
  }
  expect(digest128("ab", "c")).not.toBe(digest128("a", "bc"));
});

test("the digest of a large text keeps no memory", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const kept = (): number => {
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const before = kept();
  digest128("x".repeat(10_000_000));
  expect(kept() - before).toBeLessThan(1_000_000);
});
