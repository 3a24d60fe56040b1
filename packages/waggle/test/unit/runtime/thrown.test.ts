import { expect, test } from "vitest";
import { z } from "zod";
import {
  agent,
  type Context,
  contract,
  RuntimeError,
  type StepOptions,
} from "../../../src/index.ts";
import { inWorld } from "./in-world.ts";

const boss = contract("boss", { run: { input: z.null(), output: z.json() } });
const helper = contract("helper", { work: { input: z.null(), output: z.json() } });

const FACTS = { code: "BROKEN", kind: "state", outcome: "not-applied", retryable: true } as const;

function broken(): RuntimeError {
  return new RuntimeError({ ...FACTS, message: "broken", details: { when: new Date(0) } });
}

function large(): Error {
  return new Error("x".repeat(5_000_000));
}

/** What a run comes to whose handler does this. */
async function ended(
  run: (ctx: Context) => Promise<unknown>,
  work: (ctx: Context) => Promise<unknown> = async () => null,
): Promise<unknown> {
  let found: unknown;
  await inWorld(async (self, kernel) => {
    await using system = await kernel.system(self, [
      agent(boss, { run: (ctx) => run(ctx) as never }),
      agent(helper, { work: (ctx) => work(ctx) as never }),
    ]);
    const started = await system.start(boss.run, null);
    found = await started.result().catch((error: unknown) => error);
  });
  return found;
}

const OPTIONS: readonly StepOptions<null>[] = [
  {},
  { class: "keyed" },
  { class: "once" },
  { retry: { attempts: 2, backoffMs: 1 } },
  { class: "keyed", retry: { attempts: 2, backoffMs: 20_000 } },
];

test.each(OPTIONS)(
  "a step %j that throws what cannot be stored ends with its facts",
  async (options) => {
    const throws = (error: unknown) => (ctx: Context) =>
      ctx.step(
        "act",
        () => {
          throw error;
        },
        options as never,
      );
    expect(await ended(throws(broken()))).toMatchObject({ ...FACTS, message: "broken" });
    expect(await ended(throws(large()))).toMatchObject({ code: "HANDLER_FAILED" });
  },
);

test("a handler that throws what cannot be stored ends with its facts", async () => {
  expect(await ended(() => Promise.reject(broken()))).toMatchObject(FACTS);
  expect(await ended(() => Promise.reject(large()))).toMatchObject({ code: "HANDLER_FAILED" });
});

test("a transaction that throws what cannot be stored ends with its facts", async () => {
  const found = await ended((ctx) => ctx.transact("board", "set", () => Promise.reject(broken())));
  expect(found).toMatchObject(FACTS);
});

test("whoever asked hears of an error that cannot be stored as it is", async () => {
  const heard = await ended(
    (ctx) =>
      ctx
        .ask(helper.work, null)
        .catch(({ code, details }: RuntimeError) => [code, details ?? null]),
    () => Promise.reject(broken()),
  );
  expect(heard).toEqual(["BROKEN", { note: expect.stringContaining("an instance of Date") }]);
});
