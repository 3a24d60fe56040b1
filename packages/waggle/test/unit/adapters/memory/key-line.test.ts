import { expect, test } from "vitest";
import { KeyLine, type LinedTask } from "../../../../src/adapters/memory/key-line.ts";

const [one, two, three] = [{ n: 1 }, { n: 2 }, { n: 3 }];

test("a line stands in its map while somebody stands in it", () => {
  const lines = new Map<string, KeyLine<LinedTask>>();
  const line = new KeyLine(lines, "k");
  expect(lines.size).toBe(0);
  line.join(one);
  line.join(two);
  expect(lines.get("k")).toBe(line);
  line.leave(one);
  expect(lines.get("k")).toBe(line);
  line.leave(two);
  expect(lines.size).toBe(0);
  line.join(one);
  expect(lines.get("k")).toBe(line);
});

test("a task that comes back stands where its age puts it", () => {
  const line = new KeyLine<LinedTask>(new Map(), "k");
  for (const task of [one, two, three]) line.join(task);
  line.leave(two);
  line.leave(one);
  line.join(one);
  line.join(two);
  expect(line.tasks).toEqual([one, two, three]);
});

test("all but the oldest are queued, and only the oldest is followed", () => {
  const line = new KeyLine<LinedTask>(new Map(), "k");
  expect(line.isQueued(one)).toBe(false);
  line.join(one);
  expect([line.isQueued(one), line.isQueued(two)]).toEqual([false, true]);
  expect(line.nextAfter(one)).toBe(undefined);
  line.join(two);
  line.join(three);
  expect([line.nextAfter(one), line.nextAfter(two), line.nextAfter(three)]).toEqual([
    two,
    undefined,
    undefined,
  ]);
});
