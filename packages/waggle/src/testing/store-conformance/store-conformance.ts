import { appendCases } from "./append-cases.ts";
import { batchCases } from "./batch-cases.ts";
import { blobCases } from "./blob-cases.ts";
import { cellCases } from "./cell-cases.ts";
import { claimCases } from "./claim-cases.ts";
import { createCases } from "./create-cases.ts";
import { deliverCases } from "./deliver-cases.ts";
import { expectCases } from "./expect-cases.ts";
import { gateCases } from "./gate-cases.ts";
import { hostCases } from "./host-cases.ts";
import { keyCases } from "./key-cases.ts";
import { logCases } from "./log-cases.ts";
import { mailboxCases } from "./mailbox-cases.ts";
import { pauseCases } from "./pause-cases.ts";
import { queryCases } from "./query-cases.ts";
import { readCases } from "./read-cases.ts";
import type { StoreCase, StoreSubject } from "./store-case.ts";
import { tailCases } from "./tail-cases.ts";
import { trimCases } from "./trim-cases.ts";
import { versionCases } from "./version-cases.ts";
import { watchCases } from "./watch-cases.ts";

/**
 * What every {@link Store} keeps, one sentence each. Each case needs a {@link StoreSubject} of its own; cases
 * can run in any order and beside one another.
 */
export const storeConformance: readonly StoreCase[] = [
  ...appendCases,
  ...createCases,
  ...deliverCases,
  ...expectCases,
  ...cellCases,
  ...gateCases,
  ...hostCases,
  ...claimCases,
  ...batchCases,
  ...readCases,
  ...keyCases,
  ...mailboxCases,
  ...pauseCases,
  ...logCases,
  ...blobCases,
  ...trimCases,
  ...queryCases,
  ...versionCases,
  ...watchCases,
  ...tailCases,
];

/** A case that does not hold. */
export interface BrokenCase {
  readonly name: string;
  readonly error: unknown;
}

/**
 * Runs the whole suite, case after case; for programs that are no test runner.
 * @param make - Makes a subject with an empty ledger; it is disposed after its case if it can be.
 * @param options - `limitMs`: a case that takes longer counts as broken, default 10,000. `cases`: default all.
 */
export async function brokenStoreCases(
  make: () => StoreSubject & Partial<Disposable>,
  options: { readonly limitMs?: number; readonly cases?: readonly StoreCase[] } = {},
): Promise<readonly BrokenCase[]> {
  const { limitMs = 10_000, cases = storeConformance } = options;
  const broken: BrokenCase[] = [];
  for (const { name, run } of cases) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end after ${limitMs} ms`)), limitMs);
    });
    const subject = make();
    try {
      await Promise.race([run(subject), late]);
    } catch (error) {
      broken.push({ name, error });
    } finally {
      clearTimeout(timer);
      subject[Symbol.dispose]?.();
    }
  }
  return broken;
}
