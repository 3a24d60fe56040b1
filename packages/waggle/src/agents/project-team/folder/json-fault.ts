import { positionAt } from "./text-position.ts";

/** Where a text stops being JSON, and how. */
export interface JsonFault {
  /** In words, with line and column. */
  readonly reason: string;
  readonly line: number;
}

type Expected = "a value" | "a name in double quotes" | "a colon" | "a comma or the end";

/** The walk: what is open, what may come next, and whether a closing bracket may come instead. */
interface Walk {
  readonly open: ("{" | "[")[];
  expected: Expected;
  mayClose: boolean;
}

const SPACE = /[ \t\r\n]*/y;
const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)|[{}[\]:,]/y;

/**
 * Finds the first fault of a text that `JSON.parse` refused; null if there is none. The engine's own message
 * gives no place for many faults. Needs no stack, however deep the text is nested.
 */
export function findJsonFault(text: string): JsonFault | null {
  const walk: Walk = { open: [], expected: "a value", mayClose: false };
  let isDone = false;
  for (let at = afterSpace(text, 0); at < text.length; ) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (isDone) return fault(text, at, "expected nothing more");
    const wanted = expectation(walk);
    if (token === undefined || !accept(walk, token)) return fault(text, at, wanted);
    isDone = walk.open.length === 0;
    at = afterSpace(text, at + token.length);
  }
  return isDone
    ? null
    : fault(text, text.length, `${expectation(walk)}, found the end of the file`);
}

function afterSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  return at + (SPACE.exec(text)?.[0].length ?? 0);
}

function expectation({ expected, mayClose, open }: Walk): string {
  const close = CLOSING[open.at(-1) ?? "["];
  if (expected === "a comma or the end") return `expected a comma or '${close}'`;
  return `expected ${expected}${mayClose ? ` or '${close}'` : ""}`;
}

/** Takes `token` if it may come here, and says what may come next. */
function accept(walk: Walk, token: string): boolean {
  const inside = walk.open.at(-1);
  if (inside !== undefined && token === CLOSING[inside]) return acceptClosing(walk);
  switch (walk.expected) {
    case "a comma or the end":
      next(walk, inside === "{" ? "a name in double quotes" : "a value");
      return token === ",";
    case "a colon":
      next(walk, "a value");
      return token === ":";
    case "a name in double quotes":
      next(walk, "a colon");
      return token.startsWith('"');
    case "a value":
      return acceptValue(walk, token);
  }
}

const CLOSING: Readonly<Record<"{" | "[", string>> = { "{": "}", "[": "]" };

function acceptClosing(walk: Walk): boolean {
  if (!walk.mayClose && walk.expected !== "a comma or the end") return false;
  walk.open.pop();
  next(walk, "a comma or the end");
  return true;
}

function acceptValue(walk: Walk, token: string): boolean {
  if ("}]:,".includes(token)) return false;
  if (token === "{" || token === "[") {
    walk.open.push(token);
    next(walk, token === "{" ? "a name in double quotes" : "a value");
    walk.mayClose = true;
  } else next(walk, "a comma or the end");
  return true;
}

function next(walk: Walk, expected: Expected): void {
  walk.expected = expected;
  walk.mayClose = false;
}

function fault(text: string, at: number, what: string): JsonFault {
  const { line, column } = positionAt(text, at);
  return { reason: `${what} at line ${line}, column ${column}`, line };
}
