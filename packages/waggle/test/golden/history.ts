import type { HostId } from "../../src/core/ids.ts";
import type { Batch, ClaimRequest } from "../../src/ports/store.ts";

/** A call that changed a ledger, with the wall-clock ms of it. */
export type LedgerCall =
  | { readonly at: number; readonly commit: Batch }
  | { readonly at: number; readonly claim: ClaimRequest }
  | { readonly at: number; readonly beat: HostId };

/** A run from its start to its end, as the ledger saw it. */
export interface History {
  /** Name of its handler. */
  readonly kind: string;
  readonly size: number;
  /** Of the schedule it was recorded under. */
  readonly seed: number;
  readonly calls: readonly LedgerCall[];
  /**
   * Numbers of calls after which its hosts may have died: a history of its own each. The last one is just before
   * the commit that closes the root.
   */
  readonly cuts: readonly number[];
}

/** Version of the lines below. */
const FORMAT = 1;
const ID = /[0-9a-f]{32}/g;

/** One line of text; ids, of which there are many, are numbered. */
export function encodeHistory({ calls, ...rest }: History): string {
  const ids = new Map<string, number>();
  const text = JSON.stringify(calls).replaceAll(ID, (id) => {
    const number = ids.get(id) ?? ids.size;
    ids.set(id, number);
    return `~${number}~`;
  });
  return JSON.stringify({ format: FORMAT, ...rest, ids: [...ids.keys()], calls: text });
}

/** Reads what {@link encodeHistory} wrote. */
export function decodeHistory(line: string): History {
  const { format, ids, calls, ...rest } = JSON.parse(line) as Omit<History, "calls"> & {
    readonly format: number;
    readonly ids: readonly string[];
    readonly calls: string;
  };
  if (format !== FORMAT) throw new Error(`a history of format ${format} (known: ${FORMAT})`);
  const text = calls.replaceAll(/~(\d+)~/g, (_, number: string) => ids[Number(number)] ?? "");
  return { ...rest, calls: JSON.parse(text) as readonly LedgerCall[] };
}
