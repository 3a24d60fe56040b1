import type { StandardSchemaV1 } from "@standard-schema/spec";

// A schema library that knows Standard Schema and nothing of Waggle, or of any other library.

type Result<Output> = StandardSchemaV1.Result<Output>;
type Fields = Readonly<Record<string, StandardSchemaV1>>;
type InputOf<F extends Fields> = { [K in keyof F]: StandardSchemaV1.InferInput<F[K]> };
type OutputOf<F extends Fields> = { [K in keyof F]: StandardSchemaV1.InferOutput<F[K]> };

/** A text. */
export function text(): StandardSchemaV1<string, string> {
  return schema((value) => (typeof value === "string" ? { value } : refused("no text")));
}

/** A number, or `fallback` where there is none. */
export function numberOr(fallback: number): StandardSchemaV1<number | undefined, number> {
  return schema((value = fallback) =>
    typeof value === "number" ? { value } : refused("no number"),
  );
}

/** The words of a text. */
export function words(): StandardSchemaV1<string, string[]> {
  return schema((value) =>
    typeof value === "string" ? { value: value.split(" ") } : refused("no text"),
  );
}

/** An object with these fields. */
export function record<const F extends Fields>(
  fields: F,
): StandardSchemaV1<InputOf<F>, OutputOf<F>> {
  return schema((value) => {
    if (typeof value !== "object" || value === null) return refused("no object");
    const entries = Object.entries(fields).map(([name, field]) => {
      const result = field["~standard"].validate((value as Record<string, unknown>)[name]);
      return [name, result as Result<unknown>] as const;
    });
    const issues = entries.flatMap(([name, result]) =>
      (result.issues ?? []).map((issue) => ({ ...issue, path: [name, ...(issue.path ?? [])] })),
    );
    if (issues.length > 0) return { issues };
    const parsed = entries.map(([name, result]) => [
      name,
      result.issues === undefined ? result.value : undefined,
    ]);
    return { value: Object.fromEntries(parsed) as OutputOf<F> };
  });
}

function schema<Input, Output>(
  validate: (value: unknown) => Result<Output>,
): StandardSchemaV1<Input, Output> {
  return { "~standard": { version: 1, vendor: "hand-made", validate } };
}

function refused(message: string): StandardSchemaV1.FailureResult {
  return { issues: [{ message }] };
}
