import type { Store } from "../../ports/store.ts";

/** One ledger under test, new for each case. */
export interface StoreSubject {
  /** Opens one more store on the ledger; each behaves like a process of its own. Whoever opens it disposes it. */
  open(): Promise<Store>;
  /** Wall-clock ms of all these stores; moved by `advance` only. */
  now(): number;
  /** Moves the wall clock by `ms`. */
  advance(ms: number): void;
}

/** One sentence about every store, and what finds out whether it is true. */
export interface StoreCase {
  /** The sentence. Unique in the suite. */
  readonly name: string;
  /** Rejects if the sentence is not true of `subject`; leaves no store open. */
  run(subject: StoreSubject): Promise<void>;
}

/** A case that opens one store and disposes it. */
export function storeCase(
  name: string,
  body: (store: Store, subject: StoreSubject) => Promise<void>,
): StoreCase {
  return {
    name,
    run: async (subject) => {
      await using store = await subject.open();
      await body(store, subject);
    },
  };
}

/** A case about two stores on one ledger. */
export function sharedCase(
  name: string,
  body: (one: Store, other: Store, subject: StoreSubject) => Promise<void>,
): StoreCase {
  return {
    name,
    run: async (subject) => {
      await using one = await subject.open();
      await using other = await subject.open();
      await body(one, other, subject);
    },
  };
}
