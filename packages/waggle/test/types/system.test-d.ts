import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../src/adapters/memory/index.ts";
import { nodeClock } from "../../src/adapters/node/index.ts";
import {
  agent,
  type CancelReceipt,
  contract,
  createSystem,
  messageType,
  type Run,
  type RunEvent,
  type RunsVerdict,
  type System,
  type TaskId,
  to,
  verifyRuns,
} from "../../src/index.ts";

const librarian = contract("librarian", {
  lookup: {
    input: z.object({ device: z.string(), limit: z.number().default(3) }),
    output: z.array(z.string()).transform((titles) => titles.length),
  },
});

declare const system: System;
declare const task: TaskId;

test("a run that is started gives what the operation's schema makes of the result", async () => {
  const run = await system.start(librarian.lookup, { device: "kettle" }, { id: "ticket-17" });
  expectTypeOf(run).toEqualTypeOf<Run<number>>();
  const question = messageType("question", { input: z.string(), output: z.boolean() });
  expectTypeOf(system.start(to("oracle", question), "?")).resolves.toEqualTypeOf<Run<boolean>>();
  // @ts-expect-error `device` is missing
  void system.start(librarian.lookup, { limit: 3 });
  // @ts-expect-error a contract is no operation
  void system.start(librarian, { device: "kettle" });
});

test("of a run that is known by its id only, the result is unknown", () => {
  expectTypeOf(system.run("ticket-17").result()).resolves.toEqualTypeOf<unknown>();
  expectTypeOf(system.fork("ticket-17", { before: task })).resolves.toEqualTypeOf<Run<unknown>>();
  expectTypeOf(system.fork("ticket-17", { after: 3 }, { id: "what-if" })).resolves.toEqualTypeOf<
    Run<unknown>
  >();
  expectTypeOf(system.redrive(task)).resolves.toEqualTypeOf<Run<unknown>>();
  expectTypeOf(system.cancel("ticket-17")).resolves.toEqualTypeOf<CancelReceipt>();
  // @ts-expect-error a text that was not parsed is no task
  void system.fork("ticket-17", { before: "task" });
  // @ts-expect-error where it is to fork has to be said
  void system.fork("ticket-17", {});
});

test("events of a run are told apart by their type", async () => {
  for await (const shown of system.run("ticket-17").events()) {
    expectTypeOf(shown).toEqualTypeOf<RunEvent>();
    const { event } = shown;
    if (event.type === "asked") expectTypeOf(event.child).toEqualTypeOf<TaskId>();
    // @ts-expect-error only some events have a child
    void event.child;
  }
});

test("runs are verified against agents; what diverged says where", async () => {
  const store = memoryStore({ clock: nodeClock() });
  const verdict = await verifyRuns({ store, agents: [], run: "ticket-17", finished: true });
  expectTypeOf(verdict).toEqualTypeOf<RunsVerdict>();
  for (const { task, version, expected, actual, hint } of verdict.diverged) {
    expectTypeOf(task).toEqualTypeOf<TaskId>();
    expectTypeOf(version).toEqualTypeOf<string | null>();
    expectTypeOf([expected, actual, hint]).toEqualTypeOf<string[]>();
  }
  // @ts-expect-error the code has to be given
  void verifyRuns({ store });
});

test("how replay is checked is one of two words; versions are texts", () => {
  const store = memoryStore({ clock: nodeClock() });
  void createSystem({ store, agents: [], verifyReplay: "always" });
  // @ts-expect-error no such word
  void createSystem({ store, agents: [], verifyReplay: true });
  const mail = contract("mail", { sort: { input: z.string(), output: z.string() } });
  void agent(mail, { sort: (_ctx, text) => text }, { version: "2", continues: ["1"] });
  // @ts-expect-error a version is a text
  void agent(mail, { sort: (_ctx, text) => text }, { version: 2 });
});
