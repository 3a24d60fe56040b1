import type { TaskEvent } from "../core/event.ts";
import { decodeEventOnly, type EncodedOutcome } from "../core/event-codec.ts";
import type { Path } from "../core/ids.ts";
import type { LoadedTask } from "../ports/store.ts";
import { outstandingIn } from "./ledger-view.ts";
import type { Past } from "./rehearsal.ts";

/**
 * What a stream says of the past of a task beside its results. Undefined if no replay has to fit it: no handler has
 * left anything in it, it is being cancelled, was cancelled, or was closed without its handler.
 */
export function pastOf({ row, gate, events, inbox }: LoadedTask): Past | undefined {
  if (row.state === "dead" || gate === "cancelling") return undefined;
  if (inbox.some(({ kind }) => kind === "cancel")) return undefined;
  const decoded = events.map(decodeEventOnly);
  if (decoded.some(isOfCancelling)) return undefined;
  const last = events.at(-1);
  if (row.state === "closed" && last?.type === "closed") {
    const requests = { all: [...new Set(decoded.flatMap(pathOf))] };
    const { outcome } = JSON.parse(last.data) as { readonly outcome: unknown };
    return { type: "ended", requests, outcome: JSON.stringify(outcome) as EncodedOutcome };
  }
  if (!decoded.some((event) => pathOf(event).length > 0 || event.type === "marked")) {
    return undefined;
  }
  return { type: "open", outstanding: outstandingIn(events).map(({ path }) => path) };
}

function isOfCancelling(event: TaskEvent): boolean {
  if (event.type === "dropped") return event.why === "cancelled";
  if (event.type !== "closed" || event.outcome.type !== "error") return false;
  return event.outcome.error.code === "CANCELLED";
}

function pathOf(event: TaskEvent): readonly Path[] {
  return "path" in event ? [event.path] : [];
}
