import { describe, test } from "vitest";
import { storeConformance } from "../../src/testing/store-conformance/store-conformance.ts";
import { sqliteSubject } from "./subjects.ts";

describe("the SQLite store", () => {
  for (const { name, run } of storeConformance) {
    test(name, async () => {
      using subject = sqliteSubject();
      await run(subject);
    });
  }
});
