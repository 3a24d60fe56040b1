import { describe, expect, test } from "vitest";
import { openQuestions } from "../../../../src/agents/person/open-questions.ts";
import { approves, person } from "../../../../src/agents/person/person.ts";
import type { Approval } from "../../../../src/agents/person/question-kinds.ts";
import type { Context } from "../../../../src/index.ts";
import { inWorld } from "../../runtime/in-world.ts";
import { asked, codeOf } from "./asked-in-world.ts";

const MINUTE_MS = 60_000;
const WEEK_MS = 604_800_000;
const technician = person("technician");

function drill(ctx: Context): Promise<unknown> {
  const about = { tool: "drill", depth: 12 };
  return ctx.ask(technician.approve, { question: "Shall we drill?", about });
}

describe("a person answers", () => {
  test("an approval says who, when, why, and covers exactly what was shown", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [technician], drill);
      const question = await work.question("technician");
      expect(question).toMatchObject({
        person: "technician",
        question: "Shall we drill?",
        about: { tool: "drill", depth: 12 },
        wanted: { type: "approve" },
        askedBy: "lead.run",
        isPaused: false,
        members: null,
      });
      expect(question.expiresAt).toBe(question.askedAt + WEEK_MS);
      await self.clock.sleep(MINUTE_MS);
      expect(await work.answer(question, { approved: true, reason: "it is safe" })).toBe("ok");
      const approval = (await work.ended()) as Approval;
      expect(approval).toEqual({
        approved: true,
        reason: "it is safe",
        by: "anna",
        at: self.clock.now(),
        digest: question.digest,
        subject: approval.subject,
      });
      expect(approves(approval, { depth: 12, tool: "drill" })).toBe(true);
      expect(approves(approval, { tool: "drill", depth: 13 })).toBe(false);
      expect(approves({ ...approval, approved: false }, { tool: "drill", depth: 12 })).toBe(false);
      expect(await openQuestions(work.ledger)).toEqual([]);
    });
  });

  const form = [
    { name: "model", type: "text" },
    { name: "volts", type: "number" },
    { name: "isOld", type: "boolean" },
    { name: "colour", type: "choice", choices: ["red", "blue"], isOptional: true },
  ] as const;
  const kinds: readonly (readonly [
    string,
    (ctx: Context) => Promise<unknown>,
    object,
    object,
    readonly unknown[],
  ])[] = [
    [
      "choose",
      (ctx) => ctx.ask(technician.choose, { question: "Which?", choices: ["left", "right"] }),
      { choice: "left" },
      { choice: "left", reason: null },
      [{ choice: "middle" }, { choice: 1 }, { approved: true }],
    ],
    [
      "answer",
      (ctx) => ctx.ask(technician.answer, { question: "What do you hear?" }),
      { text: "a hum" },
      { text: "a hum" },
      [{ text: "" }, { text: "x".repeat(10_001) }, "a hum", { text: "a", more: 1 }],
    ],
    [
      "edit",
      (ctx) => ctx.ask(technician.edit, { question: "Right?", value: { volts: 12 } }),
      { value: { volts: 24, note: [null, true] } },
      { value: { volts: 24, note: [null, true] }, reason: null },
      [{}, { values: 1 }],
    ],
    [
      "form",
      (ctx) => ctx.ask(technician.form, { question: "Please fill in", fields: form }),
      { fields: { model: "X", volts: 12, isOld: false } },
      { fields: { model: "X", volts: 12, isOld: false, colour: null } },
      [
        { fields: { model: "X", volts: "12", isOld: false } },
        { fields: { model: "X", isOld: false } },
        { fields: { model: "X", volts: 12, isOld: false, colour: "green" } },
        { fields: { model: "X", volts: 12, isOld: false, size: 3 } },
        { fields: { volts: 12, isOld: false } },
      ],
    ],
    [
      "approve",
      drill,
      { approved: false },
      { approved: false, reason: null },
      [{ approved: "yes" }, {}, { approved: true, reason: "x".repeat(4_001) }],
    ],
  ];
  test.each(kinds)(
    "%s: an answer of the wrong form is refused and leaves the question open",
    async (_kind, handler, good, result, bad) => {
      await inWorld(async (self, kernel) => {
        await using work = await asked(self, kernel, [technician], handler);
        const question = await work.question();
        for (const wrong of bad) expect(await work.answer(question, wrong)).toBe("SCHEMA");
        expect(await work.question()).toEqual(question);
        expect(await work.answer(question, good)).toBe("ok");
        expect(await work.ended()).toMatchObject({
          ...result,
          by: "anna",
          digest: question.digest,
        });
      });
    },
  );

  test("answers that nobody gave, or to another question, are refused at the door", async () => {
    await inWorld(async (self, kernel) => {
      const two = async (ctx: Context): Promise<unknown> =>
        await ctx.all("questions", ["one", "two"], (branch, question) =>
          branch.ask(technician.approve, { question: "the same", about: question }),
        );
      await using work = await asked(self, kernel, [technician], two);
      await work.question();
      const [one, other] = await openQuestions(work.ledger);
      if (one === undefined || other === undefined) throw new Error("two questions are open");
      const yes = { approved: true };
      expect(one.digest).not.toBe(other.digest);
      expect(await work.answer({ ...one, digest: other.digest }, yes)).toBe("WRONG_DIGEST");
      expect(await work.answer({ ...one, digest: "0".repeat(15) }, yes)).toBe("USAGE");
      expect(await work.answer({ ...one, digest: one.digest.slice(0, 16) }, yes, "")).toBe("USAGE");
      expect(await work.answer(one, yes, " anna")).toBe("USAGE");
      expect(await work.answer(one, yes, "an\nna")).toBe("USAGE");
      const root = kernel.ledger.find({}).find(({ agent }) => agent === "lead");
      expect(await work.answer({ ...one, task: root?.id ?? one.task }, yes)).toBe("NOT_FOUND");
      expect(await openQuestions(work.ledger)).toEqual([one, other]);
      const short = { ...one, digest: one.digest.slice(0, 16) };
      expect(await work.answer(short, yes)).toBe("ok");
      expect(await work.answer(other, yes)).toBe("ok");
      expect(await work.ended()).toHaveLength(2);
    });
  });

  test("a signal that is no answer leaves the question open for the rest of its time", async () => {
    await inWorld(async (self, kernel) => {
      await using work = await asked(self, kernel, [technician], drill);
      const question = await work.question();
      const { task, digest } = question;
      const value = { digest, by: "anna", at: 0, given: { approved: "yes" } };
      await work.system.signal({ task }, "answer", value, { once: true });
      await work.system.signal({ task }, "answer", {
        ...value,
        digest: "0",
        given: { approved: true },
      });
      await work.system.signal({ task }, "answer", "yes");
      await self.clock.sleep(MINUTE_MS);
      expect(await work.question()).toEqual(question);
      expect(await work.answer(question, { approved: true })).toBe("ok");
      expect(await work.ended()).toMatchObject({ approved: true, by: "anna" });
    });
  });

  test("only members may answer, and only those who are asked by now", async () => {
    await inWorld(async (self, kernel) => {
      const chief = person("chief", { members: ["cora"] });
      const crew = person("crew", {
        members: ["anna", "bert"],
        escalation: { to: chief, afterMs: MINUTE_MS },
      });
      const handler = (ctx: Context): Promise<unknown> =>
        ctx.ask(crew.approve, { question: "Go?" });
      await using work = await asked(self, kernel, [crew, chief], handler);
      const question = await work.question();
      expect(await work.answer(question, { approved: true }, "mallory")).toBe("NOT_PERMITTED");
      expect(await work.answer(question, { approved: true }, "cora")).toBe("NOT_PERMITTED");
      expect(await openQuestions(work.ledger, { person: "chief" })).toEqual([]);
      const forged = { digest: question.digest, by: "mallory", at: 0, given: { approved: true } };
      await work.system.signal({ task: question.task }, "answer", forged);
      await self.clock.sleep(MINUTE_MS);
      expect(await openQuestions(work.ledger, { person: "chief" })).toHaveLength(1);
      expect(await work.answer(question, { approved: false }, "cora")).toBe("ok");
      expect(await work.ended()).toMatchObject({ approved: false, by: "cora" });
    });
  });
});

describe("options of a person", () => {
  test.each([
    ["no members", { members: [] }, "members is empty"],
    ["a member without a name", { members: [""] }, "a name of 1 to 200 characters"],
    ["no time", { expireMs: 0 }, "expireMs 0 is no whole number"],
    ["all the time", { expireMs: 1e15 }, "expireMs 1000000000000000 is no whole number"],
    ["at once", { escalation: { to: technician, afterMs: 0 } }, "afterMs 0 is no whole number"],
    [
      "an escalation after the end",
      { expireMs: 5, escalation: { to: technician, afterMs: 5 } },
      "would expire after 5 ms, before 'technician' is asked",
    ],
  ])("%s is refused", (_what, options, message) => {
    expect(() => person("one", options)).toThrow(message);
  });

  test("nobody is asked the same question twice, and all problems are told at once", () => {
    const escalation = { to: technician, afterMs: 1 };
    expect(() => person("technician", { escalation, members: [] })).toThrow(
      /members is empty.*; 'technician' would be asked twice/,
    );
  });

  test("what cannot be asked is refused where it is asked", async () => {
    await inWorld(async (self, kernel) => {
      const codes: string[] = [];
      await using work = await asked(self, kernel, [technician], async (ctx) => {
        const { approve, choose, form } = technician;
        codes.push(await codeOf(ctx.ask(approve, { question: "" })));
        codes.push(await codeOf(ctx.ask(choose, { question: "?", choices: ["a", "a"] })));
        codes.push(await codeOf(ctx.ask(choose, { question: "?", choices: ["a", "b\u001b[2J"] })));
        const field = { name: "a", type: "choice" } as const;
        codes.push(await codeOf(ctx.ask(form, { question: "?", fields: [field] })));
        return null;
      });
      await work.ended();
      expect(codes).toEqual(["SCHEMA", "SCHEMA", "SCHEMA", "SCHEMA"]);
    });
  });
});
