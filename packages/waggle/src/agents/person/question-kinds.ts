import { z } from "zod";
import type { Schema } from "../../core/schema.ts";
import type { Json } from "../messages/message-types.ts";

// What a person can be asked, and the form of each answer.

/** What every question has. */
export interface QuestionRequest {
  /** What is asked, in words: 1 to 4,000 characters. */
  readonly question: string;
  /** Plain data that it is about, shown with it: the exact call that is to be approved, for instance. Default: null. */
  readonly about?: Json | undefined;
  /** How long an answer is waited for, in ms, if that is shorter than the person's `expireMs`. Default: the person's. */
  readonly expireMs?: number | undefined;
}

/** As {@link QuestionRequest}, with at least two choices. */
export interface ChoiceRequest extends QuestionRequest {
  /** 2 to 50 different texts of one line, 1 to 200 characters each. */
  readonly choices: readonly string[];
}

/** As {@link QuestionRequest}, with the value that may be changed. */
export interface EditRequest extends QuestionRequest {
  readonly value: Json;
}

/** One field of a form. */
export interface FormField {
  /** `^[a-zA-Z][a-zA-Z0-9]{0,63}$`, unique in its form. */
  readonly name: string;
  readonly type: "text" | "number" | "boolean" | "choice";
  /** Shown beside it. Default: its name. */
  readonly label?: string | undefined;
  /** Only with type `choice`, and then needed. */
  readonly choices?: readonly string[] | undefined;
  /** True: it may be left out, and is then null. Default: false. */
  readonly isOptional?: boolean | undefined;
}

/** As {@link QuestionRequest}, with 1 to 50 fields. */
export interface FormRequest extends QuestionRequest {
  readonly fields: readonly FormField[];
}

/** Who answered what, and when. Part of every answer of a person. */
export interface Reply {
  /** Who answered, by the name under which the answer was let in. */
  readonly by: string;
  /** Wall-clock ms when it was given. */
  readonly at: number;
  /** Of the question that was answered: what was asked, of whom, in which task of which run. 64 hex digits. */
  readonly digest: string;
}

/** Answer to `approve`. */
export interface Approval extends Reply {
  readonly approved: boolean;
  readonly reason: string | null;
  /** Digest of the `about` that was shown; see `approves`. */
  readonly subject: string;
}

/** Answer to `choose`. */
export interface Choice extends Reply {
  /** One of the choices. */
  readonly choice: string;
  readonly reason: string | null;
}

/** Answer to `answer`. */
export interface TextAnswer extends Reply {
  readonly text: string;
}

/** Answer to `edit`. */
export interface EditedValue extends Reply {
  /** The value as it is to be; equal to the one that was shown if nothing was changed. */
  readonly value: Json;
  readonly reason: string | null;
}

/** Answer to `form`. */
export interface FilledForm extends Reply {
  /** All fields by name; null: left out. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** The kinds of question, which are the operations of a person. */
export const QUESTION_KINDS = ["approve", "choose", "answer", "edit", "form"] as const;

export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** Characters of a question, a reason, a text. */
const MAX_QUESTION = 4_000;
const MAX_REASON = 4_000;
const MAX_TEXT = 10_000;

const json = z.json() as z.ZodType<Json, Json>;

/** One line that a terminal shows as it is. */
const line = z
  .string()
  .min(1)
  .max(200)
  .regex(
    /^[^\p{Cc}\p{Bidi_Control}\u2028\u2029]+$/u,
    "must be one line without control characters",
  );

const choices = z
  .array(line)
  .min(2)
  .max(50)
  .refine((all) => new Set(all).size === all.length, "choices must differ");

const common = {
  question: z.string().min(1).max(MAX_QUESTION),
  about: json.default(null),
  expireMs: z.int().positive().optional(),
};

const field: z.ZodType<FormField, FormField> = z
  .strictObject({
    name: z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,63}$/),
    type: z.enum(["text", "number", "boolean", "choice"]),
    label: line.optional(),
    choices: choices.optional(),
    isOptional: z.boolean().optional(),
  })
  .refine(
    (one) => (one.type === "choice") === (one.choices !== undefined),
    "choices belong to fields of type choice, and only to them",
  );

/** What is asked, as the ledger keeps it: parsed, with defaults. */
export interface AskedQuestion {
  readonly question: string;
  readonly about: Json;
  readonly expireMs?: number | undefined;
}

/** Schemas of the requests, by kind. */
export const REQUESTS: {
  readonly approve: Schema<QuestionRequest, AskedQuestion>;
  readonly choose: Schema<ChoiceRequest, AskedQuestion & Pick<ChoiceRequest, "choices">>;
  readonly answer: Schema<QuestionRequest, AskedQuestion>;
  readonly edit: Schema<EditRequest, AskedQuestion & Pick<EditRequest, "value">>;
  readonly form: Schema<FormRequest, AskedQuestion & Pick<FormRequest, "fields">>;
} = {
  approve: z.strictObject(common),
  choose: z.strictObject({ ...common, choices }),
  answer: z.strictObject(common),
  edit: z.strictObject({ ...common, value: json }),
  form: z.strictObject({
    ...common,
    fields: z
      .array(field)
      .min(1)
      .max(50)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        message: "names of fields must differ",
      }),
  }),
};

const reason = z.string().max(MAX_REASON).nullable().default(null);
const fieldValue = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean(), z.null()]);

/** Schemas of what a person says, by kind; what depends on the question is checked besides. */
export const GIVEN: Readonly<Record<QuestionKind, Schema>> = {
  approve: z.strictObject({ approved: z.boolean(), reason }),
  choose: z.strictObject({ choice: z.string(), reason }),
  answer: z.strictObject({ text: z.string().min(1).max(MAX_TEXT) }),
  edit: z.strictObject({ value: json, reason }),
  form: z.strictObject({ fields: z.record(z.string(), fieldValue) }),
};

const reply = {
  by: z.string(),
  at: z.number(),
  digest: z.string(),
};

/** Schemas of the answers as the asker gets them, by kind. */
export const ANSWERS: {
  readonly approve: Schema<Approval>;
  readonly choose: Schema<Choice>;
  readonly answer: Schema<TextAnswer>;
  readonly edit: Schema<EditedValue>;
  readonly form: Schema<FilledForm>;
} = {
  approve: z.strictObject({
    ...reply,
    approved: z.boolean(),
    reason: z.string().nullable(),
    subject: z.string(),
  }),
  choose: z.strictObject({ ...reply, choice: z.string(), reason: z.string().nullable() }),
  answer: z.strictObject({ ...reply, text: z.string() }),
  edit: z.strictObject({ ...reply, value: json, reason: z.string().nullable() }),
  form: z.strictObject({
    ...reply,
    fields: z.record(z.string(), fieldValue),
  }),
};
