import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY, runProgram } from "./run-program.ts";

/** Texts that have programs in them, each with what it prints below it. */
const GUIDES = [
  "README.md",
  "docs/events.md",
  "docs/messaging.md",
  "docs/waiting.md",
  "docs/scopes.md",
  "docs/recovery.md",
  "docs/steps.md",
  "docs/changing-code.md",
  "docs/large-values.md",
];

/** A program begins with an import; other snippets are parts of one. */
const PROGRAM = /```ts\n(import [\s\S]*?)```\n\n```text\n([\s\S]*?)```/g;

test.each(GUIDES)(
  "the programs of %s print what stands below them",
  async (guide) => {
    const found = [...readFileSync(join(REPOSITORY, guide), "utf8").matchAll(PROGRAM)];
    expect(found).not.toHaveLength(0);
    for (const [, program = "", printed = ""] of found) {
      // Readers want the file where they are; a test wants it gone.
      const source = program.replaceAll('"waggle.db"', 'process.env["TMPDIR"] + "/waggle.db"');
      const end = await runProgram({ source });
      expect(end).toMatchObject({ exitCode: 0, stdout: printed, stderr: "" });
    }
  },
  60_000,
);
