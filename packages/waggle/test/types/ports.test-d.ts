import { expectTypeOf, test } from "vitest";
import type { AgentClaim, ClaimRequest, ExpectWrite, Write } from "../../src/ports/index.ts";

test("whoever writes a store can name the parts of its requests", () => {
  expectTypeOf<ClaimRequest["agents"]>().toEqualTypeOf<readonly AgentClaim[]>();
  expectTypeOf<Extract<Write, { type: "expect" }>>().toEqualTypeOf<ExpectWrite>();
});
