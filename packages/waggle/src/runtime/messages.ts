import type { Operation as OperationRef } from "../core/contract.ts";
import { encodeData } from "../core/data.ts";
import type { Envelope } from "../core/envelope.ts";
import { runtimeError } from "../core/errors.ts";
import { type Payload, payload } from "../core/payload.ts";
import { PRIORITIES, type Priority, priorityLevel } from "../core/priority.ts";
import { parseWith } from "../core/schema.ts";
import { MAX_HOPS, type Message } from "./asks.ts";
import type { AskOptions, SendOptions } from "./context.ts";

/** Whoever sends a message. */
export interface MessageSender {
  readonly task: Envelope;
}

/** The message of an ask. @throws RuntimeError as {@link Context.ask}, before anything happened. */
export function askMessage(
  sender: MessageSender,
  target: OperationRef,
  input: unknown,
  options: AskOptions,
): Message {
  const { input: parsed, key } = parseInput(target, input);
  checkHops(sender, target.agent);
  const own = sender.task.priority;
  return {
    agent: target.agent,
    operation: target.name,
    input: parsed,
    awaited: true,
    priority: options.priority === undefined ? own : atLeast(own, options.priority),
    timeoutMs: options.timeoutMs ?? target.shape.timeoutMs ?? null,
    key,
    mailbox: target.mailbox,
    whenFull: options.whenFull ?? "wait",
  };
}

/** The message of a send. @throws RuntimeError as {@link Context.send}, before anything happened. */
export function sendMessage(
  sender: MessageSender,
  target: OperationRef,
  input: unknown,
  options: SendOptions,
): Message {
  const { input: parsed, key } = parseInput(target, input);
  checkHops(sender, target.agent);
  return {
    agent: target.agent,
    operation: target.name,
    input: parsed,
    awaited: false,
    priority: options.priority ?? sender.task.priority,
    timeoutMs: null,
    key,
    mailbox: target.mailbox,
    whenFull: options.whenFull ?? "wait",
  };
}

/**
 * Parses the input of a message once, where it enters.
 * @throws RuntimeError `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`, or `USAGE` for a bad key; nothing happened.
 */
export function parseInput(
  target: OperationRef,
  input: unknown,
): { readonly input: Payload; readonly key: string | null } {
  const what = `input of ${target.agent}.${target.name}`;
  const parsed: unknown = parseWith(target.shape.input, input, what);
  return {
    input: payload(encodeData(parsed, what)),
    key: target.keyOf === undefined ? null : target.keyOf(parsed),
  };
}

function checkHops(sender: MessageSender, agent: string): void {
  const { hops, run } = sender.task;
  if (hops >= MAX_HOPS) {
    throw runtimeError(
      "LIMIT_REACHED",
      `a message to '${agent}' would be ${hops + 1} messages away from the start of run '${run}' (limit ${MAX_HOPS})`,
    );
  }
}

function atLeast(own: Priority, wanted: Priority): Priority {
  const level = Math.max(priorityLevel(own), priorityLevel(wanted));
  return PRIORITIES[level] ?? own;
}
