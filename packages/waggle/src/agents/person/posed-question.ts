import { utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { digest256 } from "../../core/digest.ts";
import type { RunId, TaskId } from "../../core/ids.ts";
import { canonicalText } from "../../state/canonical-text.ts";
import type { Json } from "../messages/message-types.ts";
import type { AskedQuestion, FormField, QuestionKind } from "./question-kinds.ts";

// A question as it was put to a person. Owns: what identifies it.
// Invariants:
// Q1 everything that decides who may answer what, and until when, stands in the ledger when the question is open, and
//    is covered by its digest.
// Q2 the digest is computed from the ledger by whoever needs it; it is stored with answers only.

/** The signal that answers. */
export const ANSWER_SIGNAL = "answer";

/** The step whose record makes a task a question. */
export const TERMS_STEP = "question";

/** The race between the answer and the times of escalation; the branch that waits for the answer. */
export const ANSWER_RACE = "answer";
export const ANSWER_BRANCH = "answer";

/** The wait whose time is that of an escalation. */
export const ESCALATION_WAIT = "escalate";

/** Another person who is asked too, after a time. */
export interface Escalation {
  readonly person: string;
  /** Who may answer in that person's name; null: anybody. */
  readonly members: readonly string[] | null;
  /** After the question was put. */
  readonly afterMs: number;
}

/** How a question is asked: what the person's definition said when it was put. Recorded with it. */
export interface QuestionTerms {
  readonly type: "question";
  /** Who may answer; null: anybody who can reach the ledger. */
  readonly members: readonly string[] | null;
  readonly expireMs: number;
  readonly escalations: readonly Escalation[];
}

/** Recognises {@link QuestionTerms} in a ledger. */
export const termsSchema: z.ZodType<QuestionTerms> = z.strictObject({
  type: z.literal("question"),
  members: z.array(z.string()).nullable(),
  expireMs: z.number(),
  escalations: z.array(
    z.strictObject({
      person: z.string(),
      members: z.array(z.string()).nullable(),
      afterMs: z.number(),
    }),
  ),
});

/** What is asked beyond the question itself, by kind. */
export type Wanted =
  | { readonly type: "approve" | "answer" }
  | { readonly type: "choose"; readonly choices: readonly string[] }
  | { readonly type: "edit"; readonly value: Json }
  | { readonly type: "form"; readonly fields: readonly FormField[] };

/** A question that was put to a person. */
export interface PosedQuestion {
  readonly run: RunId;
  readonly task: TaskId;
  /** Name of the person's agent. */
  readonly person: string;
  readonly kind: QuestionKind;
  /** As it was asked. */
  readonly request: AskedQuestion & Readonly<Record<string, unknown>>;
  readonly terms: QuestionTerms;
}

/**
 * Digest of exactly what was asked, of whom, in which task of which run, and on which terms: SHA-256 over canonical
 * JSON (version 1 of it), 64 hex digits. Equal questions of different tasks differ.
 */
export function questionDigest(posed: PosedQuestion): string {
  const { run, task, person, kind, request, terms } = posed;
  return digestOf({ format: "waggle question 1", run, task, person, kind, request, terms });
}

/** Digest of the data a question was about. */
export function subjectDigest(about: Json): string {
  return digestOf({ format: "waggle subject 1", about });
}

function digestOf(value: unknown): string {
  return digest256(utf8ToBytes(canonicalText(value)));
}

/** What the form of the answer has to be. */
export function wantedBy({ kind, request }: PosedQuestion): Wanted {
  // The request was parsed by the schema of its kind before it was stored.
  switch (kind) {
    case "approve":
    case "answer":
      return { type: kind };
    case "choose":
      return { type: kind, choices: request["choices"] as readonly string[] };
    case "edit":
      return { type: kind, value: request["value"] as Json };
    case "form":
      return { type: kind, fields: request["fields"] as readonly FormField[] };
  }
}
