import { decodeData } from "../core/data.ts";
import type { SetWrite, StoreReads } from "../ports/store.ts";
import type { Subscription } from "./subscription.ts";
import { matchesTopic } from "./topic-pattern.ts";

const PREFIX = "cursor.";

/** How far a subscription has come, durably. */
export interface Cursor {
  /** Everything up to this position is done. */
  readonly position: number;
  /** To be expected when it is moved; 0: there is none yet. */
  readonly version: number;
}

/** An operation that handles the events of a topic. */
export interface Subscriber {
  /** `agent.operation`. */
  readonly from: string;
  /** Its subscriptions: each one starts it, or passes over what its filter leaves out. */
  readonly patterns: readonly string[];
}

/** The cell that holds how far `subscription` has come; agents of one name share it, on whatever host. */
export function cursorCell({ operation, pattern }: Subscription): string {
  return `${PREFIX}${operation.agent}.${operation.name}.${pattern}`;
}

/** Reads how far `subscription` has come; undefined: it has not begun. */
export async function readCursor(
  reads: StoreReads,
  subscription: Subscription,
): Promise<Cursor | undefined> {
  const name = cursorCell(subscription);
  const cells = await reads.cells(name);
  const cell = cells.find((found) => found.cell === name);
  if (cell?.value == null) return undefined;
  return { position: positionIn(cell.value), version: cell.version };
}

/** The write that moves a cursor; refused as `conflict` if another host has moved it. */
export function moveCursor(subscription: Subscription, expect: number, position: number): SetWrite {
  const value = JSON.stringify({ position });
  return { type: "set", cell: cursorCell(subscription), expect, value };
}

/** Who is subscribed to the topic called `name`: of each operation (`agent.operation`) the patterns that match. */
export async function subscribersOf(
  reads: StoreReads,
  name: string,
): Promise<readonly Subscriber[]> {
  const found = new Map<string, string[]>();
  for (const { cell, value } of await reads.cells(PREFIX)) {
    // Names of agents and operations have no dots; a cell without value is a cursor that was removed.
    const [, agent, operation, ...segments] = cell.split(".");
    const pattern = segments.join(".");
    if (value === null || !matchesTopic(pattern, name)) continue;
    const from = `${agent}.${operation}`;
    found.set(from, [...(found.get(from) ?? []), pattern]);
  }
  return [...found].map(([from, patterns]) => ({ from, patterns }));
}

/** How far all subscriptions of a store have come. */
export async function cursorPositions(reads: StoreReads): Promise<readonly number[]> {
  const cells = await reads.cells(PREFIX);
  return cells.flatMap(({ value }) => (value === null ? [] : [positionIn(value)]));
}

function positionIn(value: string): number {
  // Cursors are written by `moveCursor` only.
  return (decodeData(value) as { readonly position: number }).position;
}
