import { placeInStack, placeOf, relativeTo } from "../test-outcome.ts";

/** What the YAML block below a test point tells of its failure. */
export interface TapDiagnostics {
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** Lines of one block that are read at most. */
const MAX_LINES = 400;

/** Reads the block that begins with `---` at `from`, indented by `indent`; empty if there is none. */
export function diagnosticsOf(
  lines: readonly string[],
  from: number,
  indent: number,
  folder: string,
): TapDiagnostics {
  const margin = " ".repeat(indent);
  if (lines[from] !== `${margin}---`) return { message: "", file: null, line: null };
  const end = lines.findIndex((line, i) => i > from && line === `${margin}...`);
  const last = Math.min(end === -1 ? lines.length : end, from + MAX_LINES);
  const fields = fieldsOf(lines.slice(from + 1, last), indent);
  const place = placeFrom(fields, folder);
  return { message: messageFrom(fields), file: place?.file ?? null, line: place?.line ?? null };
}

/** Reads `key: value` with a scalar, a quoted scalar or an indented block; deeper keys as `key.inner`. */
function fieldsOf(lines: readonly string[], indent: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string[]>();
  let key = "";
  let keyIndent = indent;
  for (const line of lines) {
    const found = /^( *)([\w-]+):(?: (.*))?$/.exec(line);
    // tape and tap indent the keys by two more than node:test does, so the first key decides.
    if (found !== null && key === "") keyIndent = (found[1] ?? "").length;
    const isKey = found !== null && (found[1] ?? "").length === keyIndent;
    if (isKey) {
      key = found[2] ?? "";
      const value = found[3] ?? "";
      fields.set(key, /^[|>][-+]?$/.test(value.trim()) ? [] : [unquoted(value.trim())]);
    } else fields.get(key)?.push(line.slice(keyIndent + 2));
  }
  return new Map([...fields].map(([name, parts]) => [name, parts.join("\n").trim()]));
}

function unquoted(value: string): string {
  const quoted = /^(['"])(.*)\1$/.exec(value);
  return quoted === null ? value : (quoted[2] ?? "").replaceAll("''", "'");
}

function messageFrom(fields: ReadonlyMap<string, string>): string {
  const error = fields.get("error") ?? "";
  if (error !== "")
    return [fields.get("name"), error].filter((part) => part !== undefined).join(": ");
  const diff = fields.get("diff");
  if (diff !== undefined) return diff;
  const [expected, actual] = [fields.get("expected"), fields.get("actual")];
  if (expected === undefined && actual === undefined) return fields.get("message") ?? "";
  const operator = fields.get("operator");
  return `${operator === undefined ? "" : `${operator}: `}expected ${expected ?? "nothing"}, got ${actual ?? "nothing"}`;
}

function placeFrom(
  fields: ReadonlyMap<string, string>,
  folder: string,
): { readonly file: string; readonly line: number } | null {
  const at = fields.get("at") ?? "";
  const file = /^(?:fileName|file): (.*)$/m.exec(at)?.[1];
  const line = /^(?:lineNumber|line): (\d+)$/m.exec(at)?.[1];
  if (file !== undefined && line !== undefined) {
    return { file: relativeTo(folder, unquoted(file)), line: Number(line) };
  }
  const stack = (fields.get("stack") ?? "")
    .split("\n")
    .map((frame) => `at ${frame.trim().replace(/^at /, "")}`);
  return placeOf(fields.get("location") ?? at, folder) ?? placeInStack(stack, folder);
}
