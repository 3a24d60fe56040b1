import type { StandardSchemaV1 } from "@standard-schema/spec";
import { runtimeError } from "./errors.ts";

/** Any Standard Schema (zod, valibot, arktype, ...) that validates synchronously. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** What a value must be before `S` parses it. */
export type InferInput<S extends Schema> = StandardSchemaV1.InferInput<S>;

/** What `S` makes of it. */
export type InferOutput<S extends Schema> = StandardSchemaV1.InferOutput<S>;

function issuePath(path: StandardSchemaV1.Issue["path"]): string {
  return (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}

/**
 * Parses `value` by `schema`.
 * @param what - Names the value in the error, such as `input of librarian.lookup`.
 * @throws RuntimeError `SCHEMA` with all issues in `details.issues`; or when the schema is asynchronous.
 */
export function parseWith<S extends Schema>(
  schema: S,
  value: unknown,
  what: string,
): InferOutput<S> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    throw runtimeError(
      "SCHEMA",
      `schema of ${what} is asynchronous; only synchronous ones are taken`,
    );
  }
  if (result.issues === undefined) return result.value as InferOutput<S>;
  const issues = result.issues.map((issue) => ({
    path: issuePath(issue.path),
    message: issue.message,
  }));
  const text = issues
    .map((issue) => (issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`))
    .join("; ");
  throw runtimeError("SCHEMA", `${what} does not match its schema: ${text}`, {
    details: { issues },
  });
}
