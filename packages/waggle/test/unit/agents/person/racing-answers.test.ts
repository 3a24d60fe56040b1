import { describe, expect, test } from "vitest";
import { openQuestions } from "../../../../src/agents/person/open-questions.ts";
import { person } from "../../../../src/agents/person/person.ts";
import type { Context } from "../../../../src/index.ts";
import { inWorld } from "../../runtime/in-world.ts";
import { asked } from "./asked-in-world.ts";

const MINUTE_MS = 60_000;
const technician = person("technician", { expireMs: MINUTE_MS });

const go = (ctx: Context): Promise<unknown> => ctx.ask(technician.approve, { question: "Go?" });

describe("exactly one answer counts", () => {
  test("of two that come at once one counts, and the other hears who was first", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [technician], go);
      const question = await work.question();
      const names = ["anna", "bert", "cora"];
      const told = await Promise.all(
        names.map((by) => work.answer(question, { approved: by === "bert" }, by)),
      );
      expect([...told].sort()).toEqual(["ALREADY_ANSWERED", "ALREADY_ANSWERED", "ok"]);
      const by = names[told.indexOf("ok")];
      expect(await work.ended()).toMatchObject({ by, approved: by === "bert" });
      expect(await work.answer(question, { approved: true })).toBe("ALREADY_ANSWERED");
    });
  });

  test("an answer that was acknowledged before the expiry is used, however late it is read", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [technician], go);
      const question = await work.question();
      await self.clock.sleep((question.expiresAt ?? 0) - self.clock.now() - 1);
      // The timer fires while the answer is on its way, before its owner has looked into the inbox.
      const told = work.answer(question, { approved: true });
      await self.clock.sleep(1);
      expect(await told).toBe("ok");
      expect(await work.ended()).toMatchObject({ approved: true });
    });
  });

  test("from the moment of its expiry no answer is taken, and the asker hears", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [technician], go);
      const question = await work.question();
      await self.clock.sleep((question.expiresAt ?? 0) - self.clock.now());
      expect(await work.answer(question, { approved: true })).toBe("TOO_LATE");
      expect(await work.ended()).toBe("QUESTION_EXPIRED");
      expect(await work.answer(question, { approved: true })).toBe("TOO_LATE");
      expect(await openQuestions(work.ledger)).toEqual([]);
    });
  });

  test("the asker may want it sooner than the person would take, not later", async () => {
    await inWorld(async (self, kernel) => {
      const both = (ctx: Context): Promise<unknown> =>
        ctx.all("limits", [1_000, 10 * MINUTE_MS], (branch, expireMs) =>
          branch.ask(technician.approve, { question: "Go?", about: expireMs, expireMs }),
        );
      await using work = await asked(self, kernel, [technician], both);
      await work.question();
      const open = await openQuestions(work.ledger);
      const limits = open.map(({ about, expiresAt, askedAt }) => [
        about,
        (expiresAt ?? 0) - askedAt,
      ]);
      expect(limits).toEqual([
        [1_000, 1_000],
        [10 * MINUTE_MS, MINUTE_MS],
      ]);
      expect(await work.ended()).toBe("QUESTION_EXPIRED");
    });
  });

  test("a run that is cancelled takes no answer", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [technician], go);
      const question = await work.question();
      await work.system.cancel(work.run.id);
      expect(await work.answer(question, { approved: true })).toBe("TOO_LATE");
      expect(await openQuestions(work.ledger)).toEqual([]);
    });
  });

  test("while its run is paused its time stands still, and it can be answered", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [technician], go);
      const before = await work.question();
      await work.system.pause(work.run.id);
      await self.clock.sleep(2 * MINUTE_MS);
      const [paused] = await openQuestions(work.ledger);
      expect(paused).toMatchObject({ digest: before.digest, isPaused: true });
      const leftMs = (before.expiresAt ?? 0) - before.askedAt;
      expect((paused?.expiresAt ?? 0) - self.clock.now()).toBeGreaterThan(leftMs - 1_000);
      expect(await work.answer(before, { approved: true })).toBe("ok");
      await work.system.resume(work.run.id);
      expect(await work.ended()).toMatchObject({ approved: true });
    });
  });
});

describe("escalation", () => {
  const director = person("director");
  const chief = person("chief", { escalation: { to: director, afterMs: 10_000 } });
  const crew = person("crew", { expireMs: MINUTE_MS, escalation: { to: chief, afterMs: 10_000 } });
  const help = (ctx: Context): Promise<unknown> =>
    ctx.ask(crew.choose, { question: "Which?", choices: ["left", "right"] });

  test("one after the other is asked too, and the first one still is", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [crew, chief, director], help);
      const question = await work.question("crew");
      const at = question.escalations.map((one) => (one.at ?? 0) - question.askedAt);
      expect(at).toEqual([10_000, 20_000]);
      const open = async (who: string): Promise<number> =>
        (await openQuestions(work.ledger, { person: who })).length;
      expect([await open("crew"), await open("chief"), await open("director")]).toEqual([1, 0, 0]);
      await self.clock.sleep(10_000);
      expect([await open("crew"), await open("chief"), await open("director")]).toEqual([1, 1, 0]);
      await self.clock.sleep(10_000);
      expect([await open("crew"), await open("chief"), await open("director")]).toEqual([1, 1, 1]);
      const told = await Promise.all([
        work.answer(question, { choice: "left" }, "one of the crew"),
        work.answer(question, { choice: "right" }, "the chief"),
      ]);
      expect([...told].sort()).toEqual(["ALREADY_ANSWERED", "ok"]);
      const choice = told[0] === "ok" ? "left" : "right";
      expect(await work.ended()).toMatchObject({ choice });
      expect([await open("crew"), await open("chief"), await open("director")]).toEqual([0, 0, 0]);
    });
  });

  test("who is asked by now does not depend on a process that notices", async () => {
    await inWorld(async (self, kernel) => {
      const work = await asked(self, kernel, [crew, chief, director], help);
      const question = await work.question("crew");
      await work[Symbol.asyncDispose]();
      await self.clock.sleep(15_000);
      expect(await openQuestions(work.ledger, { person: "chief" })).toHaveLength(1);
      expect(await work.answer(question, { choice: "left" }, "the chief")).toBe("ok");
      expect(await openQuestions(work.ledger)).toEqual([]);
      await using again = await asked(self, kernel, [crew, chief, director], help);
      expect(await again.ended()).toMatchObject({ choice: "left", by: "the chief" });
    });
  });
});
