import { describe, test } from "vitest";
import { storeConformance } from "../../src/testing/store-conformance/store-conformance.ts";
import { memorySubject } from "./subjects.ts";

describe("the memory store", () => {
  for (const { name, run } of storeConformance) {
    test(name, async () => {
      using subject = memorySubject();
      await run(subject);
    });
  }
});
