import { runtimeError } from "./errors.ts";

/**
 * `T` where it is plain data, otherwise a type that nothing satisfies: accepts interfaces, refuses functions,
 * dates, maps, promises, symbols, bigints, `void`, `undefined` and `unknown`. Optional properties are fine.
 */
export type Data<T> = T extends string | number | boolean | null
  ? T
  : T extends NotData
    ? never
    : T extends readonly (infer Item)[]
      ? readonly Data<Item>[]
      : T extends object
        ? {
            [K in keyof T]: undefined extends T[K]
              ? Data<Exclude<T[K], undefined>> | undefined
              : Data<T[K]>;
          }
        : never;

// Without `Error`: plain data with a name and a message has the same shape. Encoding refuses real ones.
type NotData =
  // biome-ignore lint/suspicious/noExplicitAny: matches every function type
  | ((...args: any[]) => unknown)
  | Date
  | RegExp
  | PromiseLike<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBufferView
  | ArrayBuffer;

/**
 * `unknown` where `T` is plain data, otherwise what cannot be satisfied. As `T & DataOnly<T>` it refuses without
 * making TypeScript keep literals, as `T & Data<T>` would: `() => 3` still gives a number.
 */
export type DataOnly<T> = [T] extends [Data<T>]
  ? unknown
  : { readonly "not plain data: return null, or convert dates, maps and class instances": never };

/** Largest encoded value the ledger takes in one event, in UTF-16 units. */
export const MAX_VALUE_LENGTH: number = 4 * 1024 * 1024;

const MAX_DEPTH = 200;

/**
 * Encodes `value` as JSON text, after checking that decoding gives an equal value back (K12).
 * Properties that are `undefined` are left out; `-0` becomes `0`.
 * @param what - Names the value in errors, such as `result of step 'search'`.
 * @throws RuntimeError `NOT_DATA` (with the place of the first offender) or `VALUE_TOO_LARGE`.
 */
export function encodeData(value: unknown, what: string): string {
  // The hot cases first: most steps return small flat values.
  if (typeof value === "string") return checkedLength(JSON.stringify(value), what);
  if (value === null || typeof value === "boolean" || Number.isSafeInteger(value)) {
    return String(value);
  }
  checkData(value, what, "", 0);
  return checkedLength(JSON.stringify(value), what);
}

/**
 * Encodes `frame` around `value` in one go, with the same checks on `value`: one flat string, where splicing
 * encoded parts together would keep the parts alive.
 * @param frame - Puts the value where it belongs; everything else in it is plain data already.
 */
export function encodeFramed(
  value: unknown,
  what: string,
  frame: (value: unknown) => unknown,
): string {
  if (typeof value !== "string" && typeof value !== "boolean") checkData(value, what, "", 0);
  return checkedLength(JSON.stringify(frame(value)), what);
}

/** The value that {@link encodeData} encoded; a fresh copy at each call. */
export function decodeData(text: string): unknown {
  return JSON.parse(text);
}

function checkedLength(text: string, what: string): string {
  if (text.length > MAX_VALUE_LENGTH) {
    throw runtimeError(
      "VALUE_TOO_LARGE",
      `${what} has ${text.length} characters encoded (limit ${MAX_VALUE_LENGTH})`,
      { details: { length: text.length, limit: MAX_VALUE_LENGTH } },
    );
  }
  return text;
}

function refuse(what: string, place: string, found: string): never {
  const where = place === "" ? "" : ` at ${place.slice(1)}`;
  throw runtimeError("NOT_DATA", `${what} is not plain data: ${found}${where}`);
}

function checkData(value: unknown, what: string, place: string, depth: number): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) refuse(what, place, String(value));
      return;
    case "object":
      if (value === null) return;
      break;
    case "undefined":
      refuse(what, place, "undefined (return null instead)");
      break;
    default:
      refuse(what, place, `a ${typeof value}`);
  }
  if (depth > MAX_DEPTH) refuse(what, place, `nested deeper than ${MAX_DEPTH}, or a cycle`);
  checkObject(value as object, what, place, depth);
}

function checkObject(value: object, what: string, place: string, depth: number): void {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkData(value[i], what, `${place}.${i}`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    refuse(what, place, `an instance of ${value.constructor?.name ?? "a class"}`);
  }
  if ("toJSON" in value) refuse(what, place, "an object with toJSON");
  for (const key of Object.keys(value)) {
    if (key === "__proto__") refuse(what, place, "a property named __proto__");
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) checkData(item, what, `${place}.${key}`, depth + 1);
  }
}
