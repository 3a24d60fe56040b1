import { expect, test } from "vitest";
import { RuntimeError } from "../../../src/index.ts";
import { Scope } from "../../../src/runtime/scope.ts";

test("repetitions of a place are counted, others begin anew", () => {
  const scope = new Scope();
  const paths = ["a", "a", "b", "a"].map((name) => {
    const place = scope.enter("step", name, undefined);
    place.leave();
    return place.path;
  });
  expect(paths).toEqual(["step:a", "step:a#1", "step:b", "step:a#2"]);
});

test("overlapping uses of one place are refused, with a key each they are not", () => {
  const scope = new Scope();
  scope.enter("ask", "x.y", "1");
  expect(scope.enter("ask", "x.y", "2").path).toBe("ask:x.y[2]");
  scope.enter("ask", "x.y", undefined);
  const again = (): unknown => scope.enter("ask", "x.y", undefined);
  expect(again).toThrowError(/ask:x.y is still open/);
});

test.each([
  ["an empty name", "", undefined],
  ["a name with a bracket", "a[0]", undefined],
  ["a name with a hash", "a#1", undefined],
  ["a key over the limit", "a", "k".repeat(201)],
])("refuses %s", (_what, name, key) => {
  const enter = (): unknown => new Scope().enter("step", name, key);
  expect(enter).toThrowError(expect.toSatisfy((e) => RuntimeError.is(e, "USAGE")));
});
