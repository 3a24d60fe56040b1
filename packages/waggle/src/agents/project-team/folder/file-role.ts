import { extensionOf, folderOf, nameOf } from "./relative-path.ts";

/**
 * What a file is for, judged by its path alone. `fixture`: input of tests, never judged itself. `tooling`:
 * benchmarks, examples, documentation, scripts and configuration. `generated`: output of a build.
 */
export type FileRole = "source" | "test" | "fixture" | "tooling" | "generated";

const SCRIPT_EXTENSIONS: ReadonlySet<string> = new Set([
  ".js",
  ".mjs",
  ".cjs",
  ".jsx",
  ".ts",
  ".mts",
  ".cts",
  ".tsx",
]);

const FIXTURE_FOLDER =
  /(^|\/)(fixtures?|__fixtures__|testdata|test-data|__mocks__|__snapshots__)(\/|$)/;
const GENERATED_FOLDER =
  /(^|\/)(dist|out|coverage|\.next|\.nuxt|\.output|\.cache|\.turbo|storybook-static|vendor)(\/|$)/;
const TEST_FOLDER = /(^|\/)(tests?|__tests__|specs?|e2e)(\/|$)/;
const TOOLING_FOLDER =
  /(^|\/)(bench|benchmarks?|examples?|docs?|scripts?|tools?|tasks|demos?|website|build|config|\.[^/]+)(\/|$)/;
const TEST_NAME =
  /(\.(test|spec|tst|test-d)\.[cm]?[jt]sx?$)|(^test([-_.][^/]*)?\.[cm]?[jt]sx?$)|([-_]test\.[cm]?[jt]sx?$)/;
const TOOLING_NAME = /(\.config\.[cm]?[jt]s$)|(\.config\.json$)|(^\.)|(^(gruntfile|gulpfile)\.)/i;

/** True for JavaScript and TypeScript files, JSX included. */
export function isScript(path: string): boolean {
  return SCRIPT_EXTENSIONS.has(extensionOf(path));
}

/** The role of the file at `path`. */
export function roleOf(path: string): FileRole {
  const folder = folderOf(path);
  const name = nameOf(path);
  if (FIXTURE_FOLDER.test(folder)) return "fixture";
  if (GENERATED_FOLDER.test(folder) || isMinified(path)) return "generated";
  if (TEST_NAME.test(name) || TEST_FOLDER.test(folder)) return "test";
  if (TOOLING_FOLDER.test(folder) || TOOLING_NAME.test(name)) return "tooling";
  return "source";
}

/** True for a file that holds tests by its name, or is a script directly in a folder for tests. */
export function isTestFile(path: string): boolean {
  if (!isScript(path) || path.endsWith(".d.ts")) return false;
  const role = roleOf(path);
  return (
    role === "test" &&
    (TEST_NAME.test(nameOf(path)) || TEST_FOLDER.test(`/${nameOf(folderOf(path))}`))
  );
}

/** Lock files of package managers, which people don't write. */
export function isLockFile(path: string): boolean {
  return LOCK_FILES.has(nameOf(path));
}

/** Lock files of JavaScript package managers. */
export const NODE_LOCK_FILES: readonly string[] = [
  "package-lock.json",
  "npm-shrinkwrap.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "bun.lock",
  "bun.lockb",
];

const LOCK_FILES: ReadonlySet<string> = new Set([
  ...NODE_LOCK_FILES,
  "Cargo.lock",
  "poetry.lock",
  "uv.lock",
  "Pipfile.lock",
  "Gemfile.lock",
  "composer.lock",
  "go.sum",
  "flake.lock",
]);

/** Minified scripts, styles and source maps, by name. */
export function isMinified(path: string): boolean {
  return /[.-]min\.[a-z]+$|\.map$/i.test(path);
}
