import { RuntimeError } from "../core/errors.ts";
import { parseWith, type Schema } from "../core/schema.ts";
import { toErrorData } from "../core/thrown.ts";
import type { ResponseNote } from "../runtime/responses.ts";

/**
 * Parses the signals that come back to a request, and the responses in them: once, where they come in, so that the
 * parsed one is recorded. A response that does not fit `response` is the responder's failure, not the asker's.
 * @param topic - Names the request in errors.
 */
export function responseNotes(topic: string, response: Schema): Schema<unknown, ResponseNote> {
  return {
    "~standard": {
      version: 1,
      vendor: "waggle",
      validate(value) {
        if (!isNote(value)) return { issues: [{ message: "is no response to a request" }] };
        return { value: fitting(value, topic, response) };
      },
    },
  };
}

function fitting(note: ResponseNote, topic: string, response: Schema): ResponseNote {
  if (note.type === "passed" || note.outcome.type === "error") return note;
  try {
    const what = `response of ${note.from} on '${topic}'`;
    return {
      ...note,
      outcome: { type: "value", value: parseWith(response, note.outcome.value, what) },
    };
  } catch (thrown) {
    if (!RuntimeError.is(thrown, "SCHEMA")) throw thrown;
    return { ...note, outcome: { type: "error", error: toErrorData(thrown) } };
  }
}

/** Only the kernel sends these; but anybody may send signals. */
function isNote(value: unknown): value is ResponseNote {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return (value.type === "responded" && "outcome" in value) || value.type === "passed";
}
