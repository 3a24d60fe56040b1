import { type JsToken, tokenizeJs } from "./js-tokens.ts";

/** One place where a file takes in a module by a literal name. */
interface ImportUse {
  readonly specifier: string;
  readonly line: number;
  readonly form: "import" | "export" | "dynamic" | "require";
  /** Only types are taken: nothing is loaded when the program runs. */
  readonly typeOnly: boolean;
  /** Inside a `try` block: the program expects that it may be missing. */
  readonly guarded: boolean;
}

/** What {@link findImports} saw. */
export interface ImportScan {
  readonly uses: readonly ImportUse[];
  /** Modules declared by `declare module "name"`: types that the project brings itself. */
  readonly ambient: readonly string[];
  /** Dynamic imports and requires whose name is computed; what they load is not known. */
  readonly computed: number;
}

/** Tokens between `import` and `from` at most; a longer list is read as no import. */
const MAX_CLAUSE = 5_000;

/**
 * Finds the modules a JavaScript or TypeScript file takes in: static imports, `export ... from`, dynamic imports
 * and requires with a literal name, `require.resolve`, and types by `import("name")`. Comments and strings don't
 * count. Module names with escapes are kept as written.
 */
export function findImports(text: string): ImportScan {
  const tokens = tokenizeJs(text).filter((token) => token.type !== "comment");
  const guards = guardedTokens(tokens);
  const uses: ImportUse[] = [];
  const ambient: string[] = [];
  let computed = 0;
  for (const [i, token] of tokens.entries()) {
    if (token.type !== "word" || isMember(tokens, i)) continue;
    const found = readUse(tokens, i);
    if (found === "computed") computed++;
    else if (found !== null) uses.push({ ...found, line: token.line, guarded: guards.has(i) });
    const declared = ambientModule(tokens, i);
    if (declared !== null) ambient.push(declared);
  }
  return { uses, ambient, computed };
}

type Found = Pick<ImportUse, "specifier" | "form" | "typeOnly">;

function readUse(tokens: readonly JsToken[], i: number): Found | "computed" | null {
  switch (tokens[i]?.value) {
    case "import":
      return readImport(tokens, i);
    case "export":
      return readClause(tokens, i, "export");
    case "require":
      return readRequire(tokens, i);
    default:
      return null;
  }
}

function readImport(tokens: readonly JsToken[], i: number): Found | "computed" | null {
  const next = tokens[i + 1];
  if (next?.type === "string") {
    return { specifier: next.value ?? "", form: "import", typeOnly: false };
  }
  if (isPunctuator(next, "(")) return readCall(tokens, i + 2, "dynamic");
  return readClause(tokens, i, "import");
}

function readRequire(tokens: readonly JsToken[], i: number): Found | "computed" | null {
  if (isPunctuator(tokens[i + 1], "(")) return readCall(tokens, i + 2, "require");
  const isResolve =
    isPunctuator(tokens[i + 1], ".") &&
    tokens[i + 2]?.value === "resolve" &&
    isPunctuator(tokens[i + 3], "(");
  return isResolve ? readCall(tokens, i + 4, "require") : null;
}

function readCall(
  tokens: readonly JsToken[],
  i: number,
  form: "dynamic" | "require",
): Found | "computed" | null {
  const argument = tokens[i];
  // `require()` and the declaration `function require(name)` take nothing in.
  if (argument === undefined || isPunctuator(argument, ")")) return null;
  const ends = isPunctuator(tokens[i + 1], ")") || isPunctuator(tokens[i + 1], ",");
  const literal = argument.type === "string" || argument.type === "template";
  if (literal && ends && argument.value !== null) {
    return { specifier: argument.value, form, typeOnly: false };
  }
  return "computed";
}

/** Reads `import a, { b } from "name"` and `export { a } from "name"` from the token before the clause. */
function readClause(
  tokens: readonly JsToken[],
  start: number,
  form: "import" | "export",
): Found | null {
  for (let i = start + 1; i < Math.min(tokens.length, start + MAX_CLAUSE); i++) {
    const token = tokens[i];
    if (token === undefined) return null;
    const next = tokens[i + 1];
    if (token.value === "from" && token.type === "word" && next?.type === "string") {
      return { specifier: next.value ?? "", form, typeOnly: isTypeClause(tokens, start) };
    }
    if (!belongsToClause(token)) return null;
  }
  return null;
}

function belongsToClause(token: JsToken): boolean {
  if (token.type === "word") return !NOT_IN_CLAUSE.has(token.value ?? "");
  // Names of exports may be strings: `export { a as "b c" } from "name"`.
  return (
    token.type === "string" || (token.type === "punctuator" && "{},*".includes(token.value ?? ";"))
  );
}

const NOT_IN_CLAUSE: ReadonlySet<string> = new Set(
  "import export const let var function class enum namespace interface".split(" "),
);

function isTypeClause(tokens: readonly JsToken[], start: number): boolean {
  if (tokens[start + 1]?.value !== "type") return false;
  const after = tokens[start + 2];
  return after?.type === "punctuator"
    ? after.value === "{" || after.value === "*"
    : after?.value !== "from" || tokens[start + 3]?.value === "from";
}

function ambientModule(tokens: readonly JsToken[], i: number): string | null {
  const name = tokens[i + 2];
  const declares = tokens[i]?.value === "declare" && tokens[i + 1]?.value === "module";
  return declares && name?.type === "string" ? name.value : null;
}

function isMember(tokens: readonly JsToken[], i: number): boolean {
  const before = tokens[i - 1];
  // `...import("x")` spreads; `a.import` reads a property.
  return isPunctuator(before, ".") && !isPunctuator(tokens[i - 2], ".");
}

function isPunctuator(token: JsToken | undefined, value: string): boolean {
  return token?.type === "punctuator" && token.value === value;
}

/** Indices of the tokens inside a `try { ... }`. */
function guardedTokens(tokens: readonly JsToken[]): ReadonlySet<number> {
  const guarded = new Set<number>();
  const blocks: boolean[] = [];
  let tries = 0;
  for (const [i, token] of tokens.entries()) {
    if (isPunctuator(token, "{")) {
      const isTry = tokens[i - 1]?.type === "word" && tokens[i - 1]?.value === "try";
      blocks.push(isTry);
      if (isTry) tries++;
    } else if (isPunctuator(token, "}") && blocks.pop() === true) tries--;
    if (tries > 0) guarded.add(i);
  }
  return guarded;
}
