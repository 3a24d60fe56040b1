import { z } from "zod";
import { type MessageType, messageType } from "../../core/contract.ts";
import type { Schema } from "../../core/schema.ts";

// Kinds of message that agents of any author understand. Put the shape of one into a contract to take it:
// `contract("vision", { finding: finding.shape, analyse: {...} })`. Id, correlation, causation, time, deadline,
// priority and hops are the envelope's, so they are in none of these.

/** Plain data. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A type of message whose content is `Content`, given as `Given` (what has a default may be left out). */
type TypeOf<Given, Content, Answer> = MessageType<{
  readonly input: Schema<Given, Content>;
  readonly output: Schema<Answer>;
}>;

const json = z.json() as z.ZodType<Json, Json>;
const optional = json.default(null);
/** How sure the sender is, 0 to 1. */
const confidence = z.number().min(0).max(1);
const text = z.string().min(1);
const nothing = z.null();

/** Asks for something in words, with whatever data belongs to it; answered with data. */
export const request: TypeOf<
  { subject: string; content?: Json | undefined },
  { subject: string; content: Json },
  Json
> = messageType("request", { input: z.object({ subject: text, content: optional }), output: json });

/** Answers something that was asked in another way than by `ask`. */
export const response: TypeOf<
  { subject: string; content: Json; confidence?: number | undefined },
  { subject: string; content: Json; confidence?: number | undefined },
  null
> = messageType("response", {
  input: z.object({ subject: text, content: json, confidence: confidence.optional() }),
  output: nothing,
});

/** Something an agent found out. */
export const finding: TypeOf<
  { subject: string; content: Json; confidence: number; sources?: string[] | undefined },
  { subject: string; content: Json; confidence: number; sources: string[] },
  null
> = messageType("finding", {
  input: z.object({
    subject: text,
    content: json,
    confidence: confidence,
    sources: z.array(z.string()).default([]),
  }),
  output: nothing,
});

/** Asks a peer for help; answered with what the peer found. */
export const collaboration: TypeOf<
  { goal: string; context?: Json | undefined },
  { goal: string; context: Json },
  { content: Json; confidence: number }
> = messageType("collaboration", {
  input: z.object({ goal: text, context: optional }),
  output: z.object({ content: json, confidence }),
});

/** Something that cannot wait; send it with priority `critical`. */
export const urgent: TypeOf<
  { reason: string; content?: Json | undefined },
  { reason: string; content: Json },
  null
> = messageType("urgent", {
  input: z.object({ reason: text, content: optional }),
  output: nothing,
});

/** Gives an agent a piece of work, described in words. */
export const taskRequest: TypeOf<
  { description: string; input?: Json | undefined },
  { description: string; input: Json },
  { result: Json; notes: string[] }
> = messageType("taskRequest", {
  input: z.object({ description: text, input: optional }),
  output: z.object({ result: json, notes: z.array(z.string()) }),
});

/** Says how a piece of work ended that was given with `send`. */
export const taskResponse: TypeOf<
  {
    task: string;
    status: "done" | "failed";
    result?: Json | undefined;
    reason?: string | undefined;
  },
  { task: string; status: "done" | "failed"; result: Json; reason?: string | undefined },
  null
> = messageType("taskResponse", {
  input: z.object({
    task: text,
    status: z.enum(["done", "failed"]),
    result: optional,
    reason: z.string().optional(),
  }),
  output: nothing,
});

/** Says how far something is. */
export const statusUpdate: TypeOf<
  {
    status: "idle" | "busy" | "waiting" | "error" | "done";
    progress?: number | undefined;
    note?: string | undefined;
  },
  {
    status: "idle" | "busy" | "waiting" | "error" | "done";
    progress?: number | undefined;
    note?: string | undefined;
  },
  null
> = messageType("statusUpdate", {
  input: z.object({
    status: z.enum(["idle", "busy", "waiting", "error", "done"]),
    progress: confidence.optional(),
    note: z.string().optional(),
  }),
  output: nothing,
});

/** Tells one agent that something happened; to tell all who want to know, publish it on a topic. */
export const eventNotification: TypeOf<
  { event: string; content?: Json | undefined },
  { event: string; content: Json },
  null
> = messageType("eventNotification", {
  input: z.object({ event: text, content: optional }),
  output: nothing,
});

/** Says that the sender is alive, and how it is. Hosts beat by themselves: this is for what they cannot know. */
export const heartbeat: TypeOf<
  { sequence: number; load?: number | undefined },
  { sequence: number; load?: number | undefined },
  null
> = messageType("heartbeat", {
  input: z.object({ sequence: z.int().min(0), load: z.number().min(0).optional() }),
  output: nothing,
});
