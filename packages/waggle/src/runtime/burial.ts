import { type RuntimeError, runtimeError } from "../core/errors.ts";
import { type EncodedEvent, encodeEvent, spliceEvent } from "../core/event-codec.ts";
import type { HostId } from "../core/ids.ts";
import { errorPayload } from "../core/payload.ts";
import type { Batch, LoadedTask, Write } from "../ports/store.ts";
import type { AgentDefinition } from "./agent.ts";
import { encodeAnswer } from "./operation.ts";
import { responseAddressIn, responseWrite } from "./responses.ts";

// Tasks that are closed without their handler. Owns: the reasons.

/** Claims in a row without a new event after which a task counts as poison. */
const MAX_CLAIMS = 6;

/** Why a task is closed without its handler, and whether it is a dead letter: nobody wanted it to stop. */
export interface Verdict {
  readonly error: RuntimeError;
  readonly state: "closed" | "dead";
}

/**
 * Why the handler of a claimed task must not run; undefined if it may.
 * @param now - Wall-clock ms.
 */
export function verdictOn(
  loaded: LoadedTask,
  definition: AgentDefinition,
  now: number,
  isRetried: boolean,
): Verdict | undefined {
  const { row, gate, pausedMs, inbox } = loaded;
  const name = `${row.agent}.${row.operation}`;
  if (hasNotBegun(loaded)) {
    if (gate === "cancelling" || inbox.some(({ kind }) => kind === "cancel")) {
      const error = runtimeError("CANCELLED", `${name} was cancelled before it began`, {
        outcome: "not-applied",
      });
      return { error, state: "closed" };
    }
    if (row.deadline !== null && now - pausedMs >= row.deadline) {
      const lateMs = Math.round(now - pausedMs - row.deadline);
      return dead("EXPIRED", `${name} was claimed ${lateMs} ms after its deadline`);
    }
    if (definition.handler(row.operation) === undefined) {
      return dead("UNHANDLED", `agent '${row.agent}' has no handler for '${row.operation}'`);
    }
  }
  if (row.claims <= MAX_CLAIMS || isRetried) return undefined;
  return dead(
    "POISON",
    `task '${name}' was claimed ${row.claims} times without getting any further`,
  );
}

function dead(code: "EXPIRED" | "UNHANDLED" | "POISON", message: string): Verdict {
  return { error: runtimeError(code, message), state: "dead" };
}

/** True if no handler of it has left a trace. */
function hasNotBegun({ events }: LoadedTask): boolean {
  return events.every(({ type }) => type === "started" || type === "resumed");
}

/**
 * Closes a task that `host` has claimed, in one commit with the answer to whoever waits for it.
 * @param isHeard - False: whoever made the request that it came of is known to be gone.
 */
export function burialBatch(
  host: HostId,
  loaded: LoadedTask,
  verdict: Verdict,
  isHeard: boolean,
): Batch {
  const { row, origin } = loaded;
  const outcome = errorPayload(verdict.error.toData());
  const { encoded } = outcome;
  const respondTo = isHeard ? responseAddressIn(origin) : undefined;
  const events: EncodedEvent[] = [
    encodeEvent({ type: "resumed", host, claims: row.claims }),
    spliceEvent("closed", {}, "outcome", encoded),
  ];
  const writes: Write[] = [
    {
      type: "append",
      task: row.id,
      version: row.version,
      inbox: row.inbox,
      starts: false,
      events,
      ending: { type: "close", state: verdict.state },
    },
  ];
  if (row.awaited && row.parent !== null) {
    const data = encodeAnswer(row.id, encoded);
    const { parent, path } = row;
    writes.push({ type: "deliver", task: parent, kind: "answer", path, data, late: "drop" });
  }
  if (respondTo !== undefined) writes.push(responseWrite(respondTo, row, outcome));
  return { host, writes };
}
