import { expect, test } from "vitest";
import { explore, formatReport } from "../../../../src/testing/index.ts";
import { answeredQuestions } from "../../../sim/scenarios/answered-questions.ts";

const calm = { hosts: 1, crashes: 0, faults: 0, passivateAfterMs: 0 };

/** Moments that have to be hit, or the schedules prove nothing. */
const WINDOWS = [
  "an answer was ok",
  "an answer was ALREADY_ANSWERED",
  "an answer was TOO_LATE",
  "the question expired",
];

test.each([
  ["two people at once", calm],
  ["a process that keeps it in memory", { ...calm, passivateAfterMs: 10_000 }],
  ["crashes, and commits of which nobody knows", { ...calm, crashes: 1, faults: 1 }],
  ["two hosts", { ...calm, hosts: 2, crashes: 1 }],
  ["processes that stand still", { ...calm, hosts: 2, earlyTimers: 40 }],
])("exactly one answer counts and is used, in 300 schedules: %s", async (_what, weather) => {
  const report = await explore(answeredQuestions(weather, 2), { schedules: 300 });
  expect(report.failure === undefined ? "" : formatReport(report)).toBe("");
  for (const window of WINDOWS) expect(report.marks, window).toHaveProperty([window]);
});
