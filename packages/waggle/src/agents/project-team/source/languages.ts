import { extensionOf, nameOf } from "../folder/relative-path.ts";

/** How comments and strings are written. */
export interface CommentSyntax {
  /** Markers of a comment that ends with the line. `#` counts only after white space or at the line's start. */
  readonly line: readonly string[];
  /** Opening and closing markers of a comment that may span lines. */
  readonly block: readonly (readonly [string, string])[];
  /** Delimiters of strings, longest first. `'` of C-like languages is a character and is left out. */
  readonly strings: readonly string[];
}

/** A language as a report names it. */
export interface Language {
  readonly name: string;
  /** `js`: read by the JavaScript tokenizer. null: has no comments, or we don't know them. */
  readonly comments: CommentSyntax | "js" | null;
}

const C: CommentSyntax = { line: ["//"], block: [["/*", "*/"]], strings: ['"'] };
const HASH: CommentSyntax = { line: ["#"], block: [], strings: ['"', "'"] };
const PYTHON: CommentSyntax = { line: ["#"], block: [], strings: ['"""', "'''", '"', "'"] };
const GO: CommentSyntax = { ...C, strings: ["`", '"'] };
const PHP: CommentSyntax = { line: ["//", "#"], block: [["/*", "*/"]], strings: ['"', "'"] };
const CSS: CommentSyntax = { line: [], block: [["/*", "*/"]], strings: ['"', "'"] };
const SCSS: CommentSyntax = { line: ["//"], block: [["/*", "*/"]], strings: ['"', "'"] };
const MARKUP: CommentSyntax = { line: [], block: [["<!--", "-->"]], strings: [] };
const COMPONENT: CommentSyntax = {
  line: ["//"],
  block: [
    ["<!--", "-->"],
    ["/*", "*/"],
  ],
  strings: ['"', "`"],
};
const SQL: CommentSyntax = { line: ["--"], block: [["/*", "*/"]], strings: ["'", '"'] };
const LUA: CommentSyntax = { line: ["--"], block: [["--[[", "]]"]], strings: ['"', "'"] };
const HASKELL: CommentSyntax = { line: ["--"], block: [["{-", "-}"]], strings: ['"'] };

const BY_EXTENSION: Readonly<Record<string, Language>> = {
  ...named("JavaScript", "js", ".js .mjs .cjs .jsx"),
  ...named("TypeScript", "js", ".ts .mts .cts .tsx"),
  ...named("Python", PYTHON, ".py .pyi"),
  ...named("Go", GO, ".go"),
  ...named("Rust", C, ".rs"),
  ...named("Java", C, ".java"),
  ...named("Kotlin", C, ".kt .kts"),
  ...named("Scala", C, ".scala"),
  ...named("Swift", C, ".swift"),
  ...named("C", C, ".c .h"),
  ...named("C++", C, ".cc .cpp .cxx .hpp .hh"),
  ...named("C#", C, ".cs"),
  ...named("Dart", SCSS, ".dart"),
  ...named("PHP", PHP, ".php"),
  ...named("Ruby", HASH, ".rb .rake .gemspec"),
  ...named("Shell", HASH, ".sh .bash .zsh"),
  ...named("Perl", HASH, ".pl .pm"),
  ...named("R", HASH, ".r"),
  ...named("Elixir", PYTHON, ".ex .exs"),
  ...named("Lua", LUA, ".lua"),
  ...named("Haskell", HASKELL, ".hs"),
  ...named("SQL", SQL, ".sql"),
  ...named("CSS", CSS, ".css"),
  ...named("SCSS", SCSS, ".scss .sass .less"),
  ...named("HTML", MARKUP, ".html .htm"),
  ...named("XML", MARKUP, ".xml .svg"),
  ...named("Markdown", MARKUP, ".md .mdx .markdown"),
  ...named("Vue", COMPONENT, ".vue"),
  ...named("Svelte", COMPONENT, ".svelte"),
  ...named("Astro", COMPONENT, ".astro"),
  ...named("YAML", HASH, ".yml .yaml"),
  ...named("TOML", HASH, ".toml"),
  ...named("Protocol Buffers", C, ".proto"),
  ...named("GraphQL", HASH, ".graphql .gql"),
  ...named("JSON", null, ".json .jsonc .json5"),
  ...named("Text", null, ".txt .rst .adoc"),
};

const BY_NAME: Readonly<Record<string, Language>> = {
  Makefile: { name: "Make", comments: HASH },
  Dockerfile: { name: "Dockerfile", comments: HASH },
  Rakefile: { name: "Ruby", comments: HASH },
  Gemfile: { name: "Ruby", comments: HASH },
};

function named(
  name: string,
  comments: Language["comments"],
  extensions: string,
): Readonly<Record<string, Language>> {
  return Object.fromEntries(
    extensions.split(" ").map((extension) => [extension, { name, comments }]),
  );
}

/** The language of a file by its name; null when we don't know it. */
export function languageOf(path: string): Language | null {
  const name = nameOf(path);
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name] ?? null;
  const extension = extensionOf(path);
  return Object.hasOwn(BY_EXTENSION, extension) ? (BY_EXTENSION[extension] ?? null) : null;
}
