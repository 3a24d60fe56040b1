/**
 * What the numbers count. `assertions`: plain TAP counts single assertions, not tests. `checks`: different
 * things were counted together, by several runners or by one.
 */
export type CountUnit = "tests" | "assertions" | "checks";

/** Numbers a test run reports. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly todo: number;
}

/** One test that failed. */
export interface TestFailure {
  /** Names from the outermost group inwards, joined by ` > `. */
  readonly name: string;
  /** Relative to the project's folder if it lies in it; null when the output does not tell. */
  readonly file: string | null;
  readonly line: number | null;
  /** What was expected or thrown, without the stack, at most 800 UTF-16 units. */
  readonly message: string;
}

/** What one reader made of an output. */
export interface ReadOutput {
  /** Whose output it is, such as `node:test (spec)`. */
  readonly format: string;
  readonly unit: CountUnit;
  readonly counts: TestCounts;
  readonly failures: readonly TestFailure[];
}

/** Reads one kind of output; null if `text` holds none. Paths below `folder` are made relative. */
export type OutputReader = (text: string, folder: string) => ReadOutput | null;

const MAX_MESSAGE = 800;

/** Cuts `lines` to what tells what went wrong: stack frames, blank ends and common indentation are removed. */
export function failureMessage(lines: readonly string[]): string {
  const end = lines.findIndex((line) => /^\s*(at |❯ |›)/.test(line) && /:\d+/.test(line));
  const kept = end === -1 ? [...lines] : lines.slice(0, end);
  while (kept[0]?.trim() === "") kept.shift();
  while (kept.at(-1)?.trim() === "") kept.pop();
  const indents = kept.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const indent = Math.min(...indents, 80);
  const text = kept
    .map((line) => line.slice(Math.min(indent, line.search(/\S|$/))).trimEnd())
    .join("\n")
    .trimStart();
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 3)}...`;
}

/** A place in a file as outputs write it: `path:line:column`, `file://` and parentheses allowed. */
export function placeOf(
  text: string,
  folder: string,
): { readonly file: string; readonly line: number } | null {
  const found = /(?:file:\/\/)?((?:[A-Za-z]:)?[^\s():]+):(\d+)(?::\d+)?\)?\s*$/.exec(text.trim());
  if (found?.[1] === undefined) return null;
  return { file: relativeTo(folder, found[1]), line: Number(found[2]) };
}

/** The first stack frame among `lines` that lies in the project's own code. */
export function placeInStack(
  lines: readonly string[],
  folder: string,
): { readonly file: string; readonly line: number } | null {
  for (const line of lines) {
    if (!/^\s*(at|❯|›) /.test(line) || /node:|node_modules\//.test(line)) continue;
    const place = placeOf(line.replace(/^\s*(at|❯|›) /, ""), folder);
    if (place !== null) return place;
  }
  return null;
}

/** `path` relative to `folder` where it lies below it. */
export function relativeTo(folder: string, path: string): string {
  const plain = path.replace(/^file:\/\//, "").replace(/^\.\//, "");
  return plain.startsWith(`${folder}/`) ? plain.slice(folder.length + 1) : plain;
}

/** `text` without terminal colours and cursor movements, line ends as `\n`. */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return text.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, "").replaceAll("\r\n", "\n");
}

/** The number after `label` in the last line that `pattern` finds, 0 if there is none. */
export function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
