import { expect, test } from "vitest";
import { findImports } from "../../../../src/agents/project-team/source/imports.ts";
import { moduleTarget } from "../../../../src/agents/project-team/source/module-name.ts";

const found = (text: string): readonly string[] =>
  findImports(text).uses.map(({ specifier, form }) => `${form} ${specifier}`);

test("finds static imports, exports from, dynamic imports and requires", () => {
  expect(
    found(`
      import a from "a";
      import "b";
      import { c, type C as D } from 'c';
      import * as d from "d"
      import e, { f } from "e";
      export * from "f"; export { g as h } from "g"; export * as i from "i";
      const j = await import("j"); const k = require("k"); require.resolve('l');
      const m = await import(\`m\`);
      import n = require("n");
      const { o } = { ...require("o") };
    `),
  ).toEqual([
    "import a",
    "import b",
    "import c",
    "import d",
    "import e",
    "export f",
    "export g",
    "export i",
    "dynamic j",
    "require k",
    "require l",
    "dynamic m",
    "require n",
    "require o",
  ]);
});

test("does not take comments, strings, templates, regular expressions and members for imports", () => {
  expect(
    found(`
      // import a from "a"
      /* require("b") */
      const text = 'import c from "c"'; const more = "require('d')";
      const template = \`import e from "e" \${1 + 1} require("f")\`;
      const pattern = /require("g")\\/import "h"/;
      loader.require("i"); loader.import("j"); const o = { import: "k", require: ("l") };
      import.meta.resolve("m");
      export const from = "n"; export default "o";
    `),
  ).toEqual([]);
});

test("reads code inside the substitutions of a template", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source code that holds templates
  expect(found('const a = `x ${require("in-template")} y ${`${import("nested")}`}`;')).toEqual([
    "require in-template",
    "dynamic nested",
  ]);
});

test("goes on after a quote that is text of a JSX element", () => {
  expect(found(`const a = <p>Don't {x}</p>;\nimport b from "b";`)).toEqual(["import b"]);
});

test("goes on after a regular expression with quotes and after a division", () => {
  expect(found(`const a = /["'\`]/.test(b); const c = d / e; import("f");`)).toEqual(["dynamic f"]);
});

test("gives the line of the import, also after comments and templates that span lines", () => {
  const text = "#!/usr/bin/env node\n/* a\n b */\nconst t = `\n\n`;\nimport x from 'x';\n";
  expect(findImports(text).uses[0]?.line).toBe(7);
});

test("knows imports of types and uses in a try block", () => {
  const { uses } = findImports(`
    import type { A } from "types-only";
    import type from "default-named-type";
    export type { B } from "types-too";
    try { require("maybe"); } catch { require("fallback"); }
  `);
  expect(uses.map(({ specifier, typeOnly, guarded }) => [specifier, typeOnly, guarded])).toEqual([
    ["types-only", true, false],
    ["default-named-type", false, false],
    ["types-too", true, false],
    ["maybe", false, true],
    ["fallback", false, false],
  ]);
});

test("counts computed names and keeps ambient modules apart", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source code that holds a template
  const scan = findImports('declare module "virtual" {}\nimport(name); require(`./${name}`);');
  expect(scan).toMatchObject({ uses: [], ambient: ["virtual"], computed: 2 });
});

test.each([
  ["lodash", { type: "package", name: "lodash" }],
  ["lodash/fp", { type: "package", name: "lodash" }],
  ["@scope/name/sub/path.js", { type: "package", name: "@scope/name" }],
  ["node:test", { type: "builtin", name: "test" }],
  ["fs/promises", { type: "builtin", name: "fs/promises" }],
  ["fs", { type: "builtin", name: "fs" }],
  // A slash at the end asks for the package of that name.
  ["punycode/", { type: "package", name: "punycode" }],
  ["./a.js", { type: "file" }],
  ["/a.js", { type: "file" }],
  ["#internal", { type: "other" }],
  ["@/components", { type: "other" }],
  ["~/x", { type: "other" }],
  ["virtual:pwa", { type: "other" }],
  ["https://example.org/a.js", { type: "other" }],
  ["$lib/a", { type: "other" }],
])("sorts the module name %s", (specifier, target) => {
  expect(moduleTarget(specifier)).toEqual(target);
});
