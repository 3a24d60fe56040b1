import { expect, test } from "vitest";
import { ProjectFiles } from "../../../../src/agents/project-team/folder/project-files.ts";
import { findTodos, todosIn } from "../../../../src/agents/project-team/researcher/todos.ts";
import { type MemoryFile, memoryWorkspace, ROOT } from "./memory-workspace.ts";

const seen = (path: string, text: string): readonly string[] =>
  todosIn(path, text).map(({ tag, line, text: rest }) => `${line} ${tag} ${rest}`);

async function find(files: Readonly<Record<string, MemoryFile>>): ReturnType<typeof findTodos> {
  const signal = new AbortController().signal;
  return findTodos(await ProjectFiles.open(memoryWorkspace(files), ROOT, signal));
}

test("finds marks in line and block comments of JavaScript, not in strings", () => {
  const text = `// TODO: one
const a = "// TODO: not this"; // FIXME(bob) two
/**
 * XXX three
 * prose that mentions a TODO list
 */
const b = \`
  // TODO: nor this
\`; // HACK
const url = "https://x"; // see TODO: four
`;
  expect(seen("src/a.ts", text)).toEqual([
    "1 TODO one",
    "2 FIXME (bob) two",
    "4 XXX three",
    "9 HACK ",
    "10 TODO four",
  ]);
});

test.each([
  ["a.py", '"""TODO: docstring"""\nx = "# TODO: string"  # TODO: real\n', ["2 TODO real"]],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's substitution
  ["a.sh", 'echo "$#" ${a#TODO: b}\n# FIXME: real\n', ["2 FIXME real"]],
  ["a.rs", "fn f<'a>(x: &'a str) {} // TODO: real\n", ["1 TODO real"]],
  ["a.go", "s := `// TODO: raw`\n/* TODO: real */\n", ["2 TODO real"]],
  ["a.sql", "select '-- TODO: no'; -- TODO: real\n", ["1 TODO real"]],
  ["a.html", "<p>TODO: text</p>\n<!-- TODO: real -->\n", ["2 TODO real"]],
  ["a.yml", "a: b#TODO\n# TODO: real\n", ["2 TODO real"]],
  ["a.css", "a { color: #fff } /* TODO: real */\n", ["1 TODO real"]],
  ["Makefile", "all: # TODO: real\n", ["1 TODO real"]],
  ["data.json", '{ "a": "// TODO: no" }', []],
  ["notes.xyz", "// TODO: unknown language", []],
])("knows the comments of %s", (path, text, expected) => {
  expect(seen(path, text)).toEqual(expected);
});

test("leaves out lock files, minified and generated files", async () => {
  const report = await find({
    "src/a.js": "// TODO: yes",
    "src/a.min.js": "// TODO: no",
    "dist/a.js": "// TODO: no",
    "yarn.lock": "# TODO: no",
    "pnpm-lock.yaml": "# TODO: no",
  });
  expect(report.items.map((item) => item.file)).toEqual(["src/a.js"]);
  expect(report.notDone).toEqual([]);
});

test("says which files it could not search", async () => {
  const report = await find({
    "a.js": "// FIXME: it",
    "b.js": "binary\0",
    "huge.js": { sizeBytes: 5_000_000 },
  });
  expect(report.counts).toEqual({ TODO: 0, FIXME: 1, XXX: 0, HACK: 0 });
  expect(report.notDone).toEqual([
    "2 files were not searched for TODOs (binary or not plain text: b.js; too large: huge.js)",
  ]);
});

test("counts all, lists the first 300 and says so", async () => {
  const report = await find({ "a.js": "// TODO: again\n".repeat(1_000) });
  expect(report.counts.TODO).toBe(1_000);
  expect(report.items).toHaveLength(300);
  expect(report.findings).toHaveLength(300);
  expect(report.notDone).toEqual(["700 more TODO comments are counted but not listed"]);
});
