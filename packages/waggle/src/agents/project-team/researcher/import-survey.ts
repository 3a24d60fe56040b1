import { type FileRole, isLockFile, isMinified, isScript, roleOf } from "../folder/file-role.ts";
import { recordOf } from "../folder/manifest.ts";
import type { ProjectFiles, SourceText, UnreadFile } from "../folder/project-files.ts";
import { extensionOf, folderOf, joinPath, nameOf } from "../folder/relative-path.ts";
import { findImports } from "../source/imports.ts";
import { parseJsonWithComments } from "../source/json-with-comments.ts";
import { languageOf } from "../source/languages.ts";
import { moduleTarget } from "../source/module-name.ts";

/** One place where a package is taken in. */
export interface PackageUse {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly role: FileRole;
  readonly typeOnly: boolean;
  readonly guarded: boolean;
}

/** What the files of a project take in and mention. */
export interface ImportSurvey {
  /** By file, then line. */
  readonly uses: readonly PackageUse[];
  /** Builtin modules that are used, without `node:`, sorted. */
  readonly builtins: readonly string[];
  /** File -> the relative module names it takes in when it runs. */
  readonly relative: ReadonlyMap<string, readonly string[]>;
  /** Modules the project declares itself by `declare module`. */
  readonly ambient: ReadonlySet<string>;
  /** True if `name` is an alias that a tsconfig or a bundler's configuration makes. */
  isAlias(name: string): boolean;
  /** True if a file other than prose, lock files and manifests names `word` as a whole word, or has it in its path. */
  mentions(word: string): boolean;
  readonly scriptsRead: number;
  /** Imports and requires whose name is computed. */
  readonly computed: number;
  readonly unread: readonly UnreadFile[];
}

const PROSE: ReadonlySet<string> = new Set(["Markdown", "Text", "HTML", "XML", "CSS", "SCSS"]);
const BUNDLER_CONFIG =
  /^(vite|vitest|webpack|rollup|rspack|jest|babel|metro|esbuild|next|nuxt|svelte|astro)\.config\./;

/** Reads every script and configuration file once. Fixtures are read too: what they use is in use. */
export async function surveyImports(files: ProjectFiles): Promise<ImportSurvey> {
  const collector = new Collector(files);
  const unread = await files.each(
    ({ path }) => isWorthReading(path),
    (source) => collector.add(source),
  );
  return collector.finish(unread);
}

function isWorthReading(path: string): boolean {
  if (isLockFile(path) || isMinified(path) || nameOf(path) === "package.json") return false;
  const language = languageOf(path);
  if (language !== null) return !PROSE.has(language.name);
  // Configuration without an extension: `.eslintrc`, `.taprc`, `.husky/pre-commit`.
  return extensionOf(path) === "" && path.startsWith(".");
}

class Collector {
  readonly #files: ProjectFiles;
  readonly #uses: PackageUse[] = [];
  readonly #builtins: Set<string> = new Set();
  readonly #relative: Map<string, string[]> = new Map();
  readonly #ambient: Set<string> = new Set();
  readonly #aliases: string[] = [];
  readonly #baseFolders: string[] = [];
  readonly #bundlerTexts: string[] = [];
  readonly #texts: string[] = [];
  #scripts = 0;
  #computed = 0;

  constructor(files: ProjectFiles) {
    this.#files = files;
  }

  add({ path, text }: SourceText): void {
    this.#texts.push(text);
    if (BUNDLER_CONFIG.test(nameOf(path))) this.#bundlerTexts.push(text);
    if (/^(ts|js)config(\.[\w.-]+)?\.json$/.test(nameOf(path))) this.#addPaths(path, text);
    if (isScript(path)) this.#addScript(path, text);
  }

  #addScript(path: string, text: string): void {
    this.#scripts++;
    const role = roleOf(path);
    const scan = findImports(text);
    this.#computed += scan.computed;
    for (const name of scan.ambient) this.#ambient.add(name);
    for (const use of scan.uses) {
      const target = moduleTarget(use.specifier);
      if (target.type === "builtin") this.#builtins.add(target.name);
      if (target.type === "package") {
        const { line, typeOnly, guarded } = use;
        this.#uses.push({ name: target.name, file: path, line, role, typeOnly, guarded });
      }
      if (target.type === "file" && !use.typeOnly) {
        this.#relative.set(path, [...(this.#relative.get(path) ?? []), use.specifier]);
      }
    }
  }

  #addPaths(path: string, text: string): void {
    const options = recordOf(recordOf(parseJsonWithComments(text))?.["compilerOptions"]);
    this.#aliases.push(...Object.keys(recordOf(options?.["paths"]) ?? {}));
    const base = options?.["baseUrl"];
    const folder = typeof base === "string" ? joinPath(folderOf(path), base) : null;
    if (folder !== null) this.#baseFolders.push(folder);
  }

  finish(unread: readonly UnreadFile[]): ImportSurvey {
    const everything = [...this.#texts, ...this.#files.listing.files.map((file) => file.path)].join(
      "\n",
    );
    return {
      uses: this.#uses,
      builtins: [...this.#builtins].sort(),
      relative: this.#relative,
      ambient: this.#ambient,
      isAlias: (name) => this.#isAlias(name),
      mentions: (word) => wholeWord(word).test(everything),
      scriptsRead: this.#scripts,
      computed: this.#computed,
      unread,
    };
  }

  #isAlias(name: string): boolean {
    const byPattern = this.#aliases.some((alias) => {
      const prefix = alias.replace(/\/?\*.*$/, "");
      if (alias.includes("*") && (prefix === "" || name.startsWith(`${prefix}/`))) return true;
      return prefix === name || prefix.startsWith(`${name}/`);
    });
    if (byPattern || this.#bundlerTexts.some((text) => wholeWord(name).test(text))) return true;
    const files = this.#files.listing.files;
    return this.#baseFolders.some((folder) => {
      const start = folder === "" ? name : `${folder}/${name}`;
      return files.some(({ path }) => path.startsWith(`${start}/`) || path.startsWith(`${start}.`));
    });
  }
}

function wholeWord(word: string): RegExp {
  return new RegExp(
    `(?<![A-Za-z0-9_])${word.replace(/[.*+?^$|()[\]{}\\/]/g, "\\$&")}(?![A-Za-z0-9_])`,
  );
}
