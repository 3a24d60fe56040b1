import type { PendingEffect } from "./pending-effect.ts";

/**
 * The first cycle of processes that wait for each other, as `a -> b -> a`; undefined if there is none. Begins
 * with the member that was declared first, so the same deadlock always reads the same.
 */
export function waitCycle(pending: readonly PendingEffect[]): string | undefined {
  const edges = new Map<string, string[]>();
  const places = new Map<string, number>();
  for (const { process, waitsFor } of pending) {
    places.set(process.name, process.index);
    if (waitsFor === undefined) continue;
    const targets = edges.get(process.name);
    if (targets === undefined) edges.set(process.name, [waitsFor]);
    else targets.push(waitsFor);
  }
  const seen = new Set<string>();
  for (const start of edges.keys()) {
    const cycle = cycleFrom(start, edges, seen, []);
    if (cycle !== undefined) return inOrder(cycle, places).join(" -> ");
  }
  return undefined;
}

/** The same cycle, begun at its earliest place, with its first member at the end again. */
function inOrder(
  members: readonly string[],
  places: ReadonlyMap<string, number>,
): readonly string[] {
  const place = (index: number): number => places.get(members[index] ?? "") ?? 0;
  let first = 0;
  for (let i = 1; i < members.length; i++) if (place(i) < place(first)) first = i;
  return [...members.slice(first), ...members.slice(0, first + 1)];
}

/** Members of a cycle, each once. Depth first; a name in `path` closes a cycle, one in `seen` leads to none. */
function cycleFrom(
  name: string,
  edges: ReadonlyMap<string, readonly string[]>,
  seen: Set<string>,
  path: readonly string[],
): readonly string[] | undefined {
  const at = path.indexOf(name);
  if (at >= 0) return path.slice(at);
  if (seen.has(name)) return undefined;
  seen.add(name);
  for (const next of edges.get(name) ?? []) {
    const cycle = cycleFrom(next, edges, seen, [...path, name]);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
