import { runtimeError } from "../../core/errors.ts";
import type { BlobId, TaskId } from "../../core/ids.ts";

/** A task id as it is looked up: its 16 bytes, half of its hex digits. Of a text that is no id: other bytes. */
export function taskBytes(id: TaskId): Uint8Array {
  return Buffer.from(id, "hex");
}

/** A task id as it is stored. @throws RuntimeError `USAGE` if it is not 32 hex digits. */
export function storedTaskId(id: TaskId): Uint8Array {
  return digestBytes("task", id, 32);
}

/** The task id that was stored as `bytes`. */
export function taskIdOf(bytes: unknown): TaskId {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex") as TaskId;
}

/** A blob id as it is stored. @throws RuntimeError `USAGE` if it is not 64 hex digits. */
export function storedBlobId(id: BlobId): Uint8Array {
  return digestBytes("blob", id, 64);
}

/** Others could not be given back as they were. */
function digestBytes(what: string, id: string, digits: number): Uint8Array {
  const bytes = Buffer.from(id, "hex");
  if (id.length !== digits || bytes.length !== digits / 2) {
    throw runtimeError("USAGE", `${what} id '${id}' is not ${digits} hex digits`);
  }
  return bytes;
}
