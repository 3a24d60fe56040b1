import { compareText, counted } from "../finding.ts";
import { readJest } from "./output/jest.ts";
import { readMocha } from "./output/mocha.ts";
import { readNodeSpec } from "./output/node-spec.ts";
import { readAva, readTstyche } from "./output/summary-lines.ts";
import { readTap } from "./output/tap.ts";
import { readVitest } from "./output/vitest.ts";
import {
  type OutputReader,
  plainText,
  type ReadOutput,
  type TestCounts,
  type TestFailure,
} from "./test-outcome.ts";

const READERS: readonly OutputReader[] = [
  readNodeSpec,
  readTap,
  readVitest,
  readMocha,
  readJest,
  readAva,
  readTstyche,
];

/**
 * Reads the output of a test command, which may hold the output of several runners one after the other; their
 * numbers are added up, and `format` names each with its own.
 * @returns null when no known summary is in it: then only the exit code is known.
 */
export function readTestOutput(text: string, folder: string): ReadOutput | null {
  const plain = plainText(text);
  const parts = READERS.flatMap((reader) => reader(plain, folder) ?? []);
  const [first] = parts;
  if (first === undefined) return null;
  const total = (word: keyof TestCounts): number =>
    parts.reduce((sum, part) => sum + part.counts[word], 0);
  return {
    format: parts.length === 1 ? first.format : parts.map(partInWords).join(" + "),
    unit: parts.every((part) => part.unit === first.unit) ? first.unit : "checks",
    counts: {
      passed: total("passed"),
      failed: total("failed"),
      skipped: total("skipped"),
      todo: total("todo"),
    },
    failures: parts.flatMap((part) => part.failures).toSorted(compareFailures),
  };
}

function partInWords({ format, unit, counts }: ReadOutput): string {
  const total = counts.passed + counts.failed + counts.skipped + counts.todo;
  return `${format}, ${counted(total, unit.slice(0, -1))}`;
}

/** Runners that work in parallel report in any order; two reports of one project shall be equal. */
function compareFailures(a: TestFailure, b: TestFailure): number {
  return (
    compareText(a.file ?? "", b.file ?? "") ||
    (a.line ?? 0) - (b.line ?? 0) ||
    compareText(a.name, b.name)
  );
}
