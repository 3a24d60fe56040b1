import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../../../src/agents/messages/message-types.ts";
import { approves } from "../../../../src/agents/person/person.ts";
import {
  type PosedQuestion,
  questionDigest,
  subjectDigest,
} from "../../../../src/agents/person/posed-question.ts";
import { parseRunId, parseTaskId } from "../../../../src/core/ids.ts";
import { canonicalText } from "../../../../src/state/canonical-text.ts";

const posed: PosedQuestion = {
  run: parseRunId("run"),
  task: parseTaskId("0123456789abcdef0123456789abcdef"),
  person: "technician",
  kind: "approve",
  request: { question: "Shall we drill?", about: { tool: "drill", depth: 12 } },
  terms: { type: "question", members: null, expireMs: 1_000, escalations: [] },
};

test("the digest of a question is the same in every version that reads its ledger", () => {
  expect(questionDigest(posed)).toBe(
    "fc31245f9461fad005339d1914c38aaf44f8ed5cec2ab84fe248f5fad4c9d2dd",
  );
  expect(subjectDigest({ tool: "drill", depth: 12 })).toBe(
    "41f35fedf9b916e195ae679dd3c05a32b0c80bf7b895c5783798f450f1f478f3",
  );
});

test("the order of properties makes no difference, and what is undefined is not there", () => {
  const about = { depth: 12, tool: "drill" };
  const request = { about, question: posed.request.question, expireMs: undefined };
  expect(questionDigest({ ...posed, request })).toBe(questionDigest(posed));
});

test("whatever of a question changes, its digest does", () => {
  const { request, terms } = posed;
  const stage = { person: "chief", members: null, afterMs: 1 };
  const others: readonly PosedQuestion[] = [
    { ...posed, run: parseRunId("run2") },
    { ...posed, task: parseTaskId("1123456789abcdef0123456789abcdef") },
    { ...posed, person: "technician2" },
    { ...posed, kind: "answer" },
    { ...posed, request: { ...request, question: "Shall we drill ?" } },
    { ...posed, request: { ...request, about: null } },
    { ...posed, request: { ...request, expireMs: 1 } },
    { ...posed, request: { ...request, choices: [] } },
    { ...posed, terms: { ...terms, members: ["anna"] } },
    { ...posed, terms: { ...terms, expireMs: 1_001 } },
    { ...posed, terms: { ...terms, escalations: [stage] } },
    { ...posed, terms: { ...terms, escalations: [{ ...stage, members: ["cora"] }] } },
  ];
  const digests = [posed, ...others].map(questionDigest);
  expect(new Set(digests).size).toBe(digests.length);
});

test("an approval covers what was shown and nothing else", () => {
  const json = fc.jsonValue() as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(json, json, (shown, other) => {
      const approval = {
        approved: true,
        reason: null,
        by: "anna",
        at: 0,
        digest: "",
        subject: subjectDigest(shown),
      };
      expect(approves(approval, shown)).toBe(true);
      expect(approves(approval, other)).toBe(canonicalText(shown) === canonicalText(other));
      expect(approves({ ...approval, approved: false }, shown)).toBe(false);
    }),
    { numRuns: 10_000, seed: 1 },
  );
});
