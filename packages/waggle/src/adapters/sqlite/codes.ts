import { runtimeError } from "../../core/errors.ts";
import { TASK_EVENT_TYPES, type TaskEventType } from "../../core/event.ts";
import { PRIORITIES, type Priority } from "../../core/priority.ts";
import type { Gate, MailKind, TaskState } from "../../ports/store.ts";

/** Words that are stored as their index. Only ever append (format version 1). */
const TASK_STATES: readonly TaskState[] = ["open", "stuck", "closed", "dead"];
const GATES: readonly Gate[] = ["open", "paused", "cancelling", "ended"];
const MAIL_KINDS: readonly MailKind[] = ["answer", "resume", "signal", "cancel", "probe"];

/** A closed set of words and the numbers they are stored as. */
export interface Code<Word extends string> {
  /** The number of `word`. */
  numberOf(word: Word): number;
  /**
   * The word of `number`.
   * @throws RuntimeError `STORE_FORMAT` for a number this version does not know.
   */
  wordOf(number: unknown): Word;
}

function code<Word extends string>(what: string, words: readonly Word[]): Code<Word> {
  const numbers = new Map(words.map((word, number) => [word, number]));
  return {
    numberOf: (word) => {
      const number = numbers.get(word);
      if (number === undefined) throw runtimeError("USAGE", `'${word}' is no ${what}`);
      return number;
    },
    wordOf: (number) => {
      const word = words[Number(number)];
      if (word === undefined) throw runtimeError("STORE_FORMAT", `unknown ${what} ${number}`);
      return word;
    },
  };
}

/** Types of events. */
export const eventTypeCode: Code<TaskEventType> = code("event type", TASK_EVENT_TYPES);
/** Priorities, least urgent first. */
export const priorityCode: Code<Priority> = code("priority", PRIORITIES);
/** States of tasks; below 2: goes on some day. */
export const taskStateCode: Code<TaskState> = code("task state", TASK_STATES);
/** Gates of runs. */
export const gateCode: Code<Gate> = code("gate", GATES);
/** Kinds of mail. */
export const mailKindCode: Code<MailKind> = code("kind of mail", MAIL_KINDS);
