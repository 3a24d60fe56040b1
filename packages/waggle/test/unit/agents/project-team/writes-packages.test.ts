import { expect, test } from "vitest";
import { wantsToWritePackages } from "../../../../src/agents/project-team/qa/writes-packages.ts";

test.each([
  "Error: ENOENT: no such file or directory, mkdir '/x/node_modules/.vite-temp'",
  "Error: EROFS: read-only file system, open '/x/node_modules/.vite-temp/a.mjs'",
  "mkdir: cannot create directory 'node_modules/.cache': Read-only file system",
])("hears the complaint %j", (line) => {
  expect(wantsToWritePackages(`before\n${line}\nafter`)).toBe(true);
});

test.each([
  "ENOENT: no such file or directory, open '/x/node_modules/dep/index.js'",
  "Error: EROFS: read-only file system, open '/usr/x'",
  "Cannot find module '/x/node_modules/dep'",
  "EROFS\nnode_modules",
])("does not take %j for one", (line) => {
  expect(wantsToWritePackages(line)).toBe(false);
});
