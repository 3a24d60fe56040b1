import { isTestFile } from "../folder/file-role.ts";
import { type Manifest, parseManifest } from "../folder/manifest.ts";
import type { ProjectFiles } from "../folder/project-files.ts";
import { findImports } from "../source/imports.ts";

/** How a project's tests are run. */
export type TestCommand =
  | {
      readonly type: "command";
      readonly argv: readonly [string, ...string[]];
      /** The script in words, or how it was found. */
      readonly source: string;
      /** Commands of the script and of those it calls by `npm run`, in order. */
      readonly chain: readonly string[];
    }
  /** The project has no tests. */
  | { readonly type: "none"; readonly reason: string }
  /** It may have tests, but how to run them is not known. */
  | { readonly type: "unknown"; readonly reason: string; readonly remedy: string };

/** Test files that are looked at to find out what runs them. */
const MAX_TEST_FILES_READ = 30;

/** Scripts called by scripts are followed this deep. */
const MAX_DEPTH = 5;

/** Finds out how the project is tested: its test script, otherwise test files written for `node:test`. */
export async function findTestCommand(files: ProjectFiles): Promise<TestCommand> {
  const text = files.has("package.json") ? await files.text("package.json") : null;
  if (text === null && files.has("package.json")) {
    return broken("package.json could not be read as text");
  }
  const reading = text === null ? null : parseManifest("package.json", text);
  if (reading?.type === "broken")
    return broken(`package.json is not valid JSON: ${reading.reason}`);
  const manifest = reading?.type === "read" ? reading.manifest : null;
  const script = manifest?.scripts["test"];
  if (manifest !== null && script !== undefined && !saysNothing(script)) {
    return {
      type: "command",
      argv: ["npm", "test"],
      source: script,
      chain: ["pretest", "test", "posttest"].flatMap((name) => chainOf(manifest, name, MAX_DEPTH)),
    };
  }
  return await commandFromFiles(files);
}

function broken(reason: string): TestCommand {
  return { type: "unknown", reason, remedy: "repair package.json" };
}

/** The default of `npm init`, and scripts that do nothing. */
function saysNothing(script: string): boolean {
  const text = script.trim();
  return (
    /no test(s)? specified/i.test(text) ||
    /^(true|:|exit \d+)?$/.test(text) ||
    /^echo\b[^&|;]*((&&|;)\s*(exit \d+|true))?$/.test(text)
  );
}

function chainOf(manifest: Manifest, name: string, depth: number): readonly string[] {
  const script = manifest.scripts[name];
  if (script === undefined || depth === 0) return [];
  return script.split(/&&|\|\||;|\|/).flatMap((part) => {
    const command = part.trim();
    const called = /\b(?:npm|pnpm|yarn) (?:run(?:-script)? )?([\w:.-]+)/.exec(command)?.[1];
    const isScript = called !== undefined && Object.hasOwn(manifest.scripts, called);
    return isScript ? [command, ...chainOf(manifest, called, depth - 1)] : [command];
  });
}

async function commandFromFiles(files: ProjectFiles): Promise<TestCommand> {
  const tests = files.listing.files.map((file) => file.path).filter(isTestFile);
  const runners = new Set<string>();
  for (const path of tests.slice(0, MAX_TEST_FILES_READ)) {
    const text = await files.text(path);
    for (const use of findImports(text ?? "").uses) {
      if (RUNNERS.has(use.specifier)) runners.add(use.specifier);
    }
  }
  if (runners.has("node:test")) {
    return {
      type: "command",
      argv: ["node", "--test", "--test-reporter=tap"],
      source: "no test script; test files use node:test",
      chain: ["node --test"],
    };
  }
  if (tests.length === 0) {
    return { type: "none", reason: "there is neither a test script nor a test file" };
  }
  const names = [...runners].sort().join(", ");
  return {
    type: "unknown",
    reason: `there are ${tests.length} test files but no test script${names === "" ? "" : `; they use ${names}`}`,
    remedy: 'add a script "test" to package.json',
  };
}

const RUNNERS: ReadonlySet<string> = new Set([
  "node:test",
  "vitest",
  "@jest/globals",
  "mocha",
  "tape",
  "tap",
  "ava",
  "uvu",
]);
