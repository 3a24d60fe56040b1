// A tokenizer for JavaScript and TypeScript, as exact as finding comments, imports and requires needs.
// Not a parser: whether `/` begins a regular expression is judged by the token before it, and text of JSX
// elements is read as code. Where that goes wrong the damage ends at the end of the line, because strings and
// regular expressions never span lines here.

/** One token. `value` is the content without delimiters; null for a template with substitutions. */
export interface JsToken {
  readonly type: "word" | "number" | "string" | "template" | "regex" | "punctuator" | "comment";
  readonly value: string | null;
  /** Line of its first character, from 1. */
  readonly line: number;
}

interface Scanner {
  readonly text: string;
  readonly tokens: JsToken[];
  /** Brace depths at which a template's substitution ends. */
  readonly templates: number[];
  at: number;
  line: number;
  depth: number;
  /** The last token that is no comment. */
  last: JsToken | null;
}

const WORD = /[\p{ID_Start}$_@#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const SPACE = /[^\S\n]+/y;
const REGEX = /\/(?![*/])(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const BEFORE_REGEX: ReadonlySet<string> = new Set(
  "return typeof case in of delete void throw new else do instanceof yield await extends".split(
    " ",
  ),
);

/** Splits `text` into tokens, comments included, in order. Never fails: unclosed things end where they must. */
export function tokenizeJs(text: string): readonly JsToken[] {
  const scanner: Scanner = {
    text,
    tokens: [],
    templates: [],
    at: text.startsWith("#!") ? endOfLine(text, 0) : 0,
    line: 1,
    depth: 0,
    last: null,
  };
  while (scanner.at < text.length) scanOne(scanner);
  return scanner.tokens;
}

function scanOne(s: Scanner): void {
  const char = s.text.charAt(s.at);
  if (char === "\n") {
    s.line++;
    s.at++;
    return;
  }
  if (matchAt(SPACE, s) !== null) {
    s.at = SPACE.lastIndex;
    return;
  }
  if (char === "/") scanSlash(s);
  else if (char === '"' || char === "'") scanString(s, char);
  else if (char === "`") scanTemplate(s);
  else if (char === "}" && s.templates.at(-1) === s.depth) {
    s.templates.pop();
    scanTemplate(s);
  } else if (!take(s, WORD, "word") && !take(s, NUMBER, "number")) scanPunctuator(s, char);
}

function matchAt(pattern: RegExp, s: Scanner): string | null {
  pattern.lastIndex = s.at;
  return pattern.exec(s.text)?.[0] ?? null;
}

function take(s: Scanner, pattern: RegExp, type: "word" | "number"): boolean {
  const found = matchAt(pattern, s);
  if (found === null) return false;
  emit(s, type, found, s.line);
  s.at += found.length;
  return true;
}

function emit(s: Scanner, type: JsToken["type"], value: string | null, line: number): void {
  const token: JsToken = { type, value, line };
  s.tokens.push(token);
  if (type !== "comment") s.last = token;
}

function scanPunctuator(s: Scanner, char: string): void {
  if (char === "{") s.depth++;
  if (char === "}") s.depth--;
  emit(s, "punctuator", char, s.line);
  s.at++;
}

function scanSlash(s: Scanner): void {
  if (s.text.startsWith("//", s.at)) {
    const end = endOfLine(s.text, s.at);
    emit(s, "comment", s.text.slice(s.at + 2, end), s.line);
    s.at = end;
    return;
  }
  if (s.text.startsWith("/*", s.at)) {
    const close = s.text.indexOf("*/", s.at + 2);
    const end = close === -1 ? s.text.length : close;
    const value = s.text.slice(s.at + 2, end);
    emit(s, "comment", value, s.line);
    s.line += breaksIn(value);
    s.at = Math.min(end + 2, s.text.length);
    return;
  }
  const regex = regexMayStart(s.last) ? matchAt(REGEX, s) : null;
  if (regex === null) scanPunctuator(s, "/");
  else {
    emit(s, "regex", regex, s.line);
    s.at += regex.length;
  }
}

function regexMayStart(last: JsToken | null): boolean {
  if (last === null) return true;
  if (last.type === "word") return BEFORE_REGEX.has(last.value ?? "");
  // `<` is a closing JSX tag, not a comparison with a pattern.
  return last.type === "punctuator" && !")]}<".includes(last.value ?? "");
}

function scanString(s: Scanner, quote: string): void {
  const line = s.line;
  let end = s.at + 1;
  while (end < s.text.length && s.text[end] !== quote && s.text[end] !== "\n") {
    // A backslash before a line break continues the string; its line is counted here.
    if (s.text[end] === "\\" && s.text[end + 1] === "\n") s.line++;
    end += s.text[end] === "\\" ? 2 : 1;
  }
  emit(s, "string", s.text.slice(s.at + 1, end), line);
  s.at = s.text[end] === quote ? end + 1 : end;
}

/** Scans from a backtick or from the `}` that ends a substitution, to the closing backtick or the next `${`. */
function scanTemplate(s: Scanner): void {
  const opening = s.text[s.at] === "`";
  const line = s.line;
  let end = s.at + 1;
  while (end < s.text.length && s.text[end] !== "`" && !s.text.startsWith("${", end)) {
    if (s.text[end] === "\n") s.line++;
    else if (s.text[end] === "\\") {
      end++;
      if (s.text[end] === "\n") s.line++;
    }
    end++;
  }
  const closed = s.text[end] === "`";
  emit(s, "template", opening && closed ? s.text.slice(s.at + 1, end) : null, line);
  if (closed) s.at = end + 1;
  else {
    if (end < s.text.length) s.templates.push(s.depth);
    s.at = end + 2;
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

function breaksIn(text: string): number {
  return text.split("\n").length - 1;
}
