import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenQuestion } from "../../src/index.ts";
import { ask } from "./asking-process.ts";
import { type Ended, makePlace, type Place } from "./waggle-process.ts";

const LONG_MS = 60_000;
const PROGRAM = fileURLToPath(new URL("../../bin/waggle.mjs", import.meta.url));

/** The open questions of a run, when there are `count`. */
async function inbox(place: Place, run: string, count: number): Promise<readonly OpenQuestion[]> {
  for (;;) {
    const { code, stdout } = await place.run(["inbox", "--json"]);
    expect(code).toBe(0);
    const all = JSON.parse(stdout) as readonly OpenQuestion[];
    const open = all.filter((one) => one.run === run && one.expiresAt !== null);
    if (open.length === count) return open;
  }
}

async function onlyQuestion(place: Place, run: string): Promise<OpenQuestion> {
  const [question] = await inbox(place, run, 1);
  if (question === undefined) throw new Error("there is no question");
  return question;
}

/** What the program printed at its end. */
function result({ stdout }: Ended): unknown {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** What can be compared of a run: its result without times and digests. */
function answersIn(ended: Ended): unknown {
  const { result: found } = result(ended) as { result: readonly Record<string, unknown>[] };
  return found.map(({ at: _at, digest: _digest, subject: _subject, ...rest }) => rest);
}

describe("inbox and answer", { timeout: LONG_MS }, () => {
  let place: Place;
  beforeAll(async () => {
    place = await makePlace({});
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  test("where there is no ledger no question is open, and none is made", async () => {
    await using empty = await makePlace({});
    const { code, stdout } = await empty.run(["inbox"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `no question is open (the ledger is ${empty.cwd}/.waggle/waggle.db)\n`,
    });
    expect((await empty.run(["inbox", "--json"])).stdout).toBe("[]\n");
    expect((await empty.run(["answer", "3fa9c1d2", "yes"])).stderr).toContain(
      "no question is open",
    );
  });

  test("a question is answered while its process works, and only once", async () => {
    const asking = ask(place, "live", "approve");
    const { task, digest } = await onlyQuestion(place, "live");
    const id = task.slice(0, 8);
    const short = digest.slice(0, 16);
    const first = await place.run(["answer", id, "yes", "--by", "anna", "--digest", short]);
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: "" });
    expect(first.stdout).toBe(
      `answered: technician.approve (${id}) of run live, by anna; process ${asking.pid} goes on with it\n`,
    );
    const ended = await asking.ended;
    expect(ended.code).toBe(0);
    expect(answersIn(ended)).toEqual([{ approved: true, reason: null, by: "anna" }]);
    const second = await place.run(["answer", id, "no", "--by", "bert"]);
    expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 4, stdout: "" });
    expect(second.stderr).toContain("'anna' has answered the question");
  });

  test("after kill -9 the question is still there; answered with nothing running, it is used", async () => {
    const killed = ask(place, "killed", "approve");
    const before = await onlyQuestion(place, "killed");
    killed.kill("SIGKILL");
    expect((await killed.ended).signal).toBe("SIGKILL");
    expect(await onlyQuestion(place, "killed")).toEqual(before);
    const id = before.task.slice(0, 10);
    const told = await place.run(["answer", id, "no", "--reason", "it leaks", "--by", "anna"]);
    expect(told.stdout).toContain(
      "no living process serves the run: it is used as soon as one does",
    );
    expect(await inbox(place, "killed", 0)).toEqual([]);
    const again = await ask(place, "killed", "approve").ended;
    expect(answersIn(again)).toEqual([{ approved: false, reason: "it leaks", by: "anna" }]);
  });

  test("an answer of the wrong form, from nobody or to another question changes nothing", async () => {
    const asking = ask(place, "wrong", "approve");
    const question = await onlyQuestion(place, "wrong");
    const id = question.task.slice(0, 8);
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [[id, "maybe"], 2, "'maybe' is not one of yes, no"],
      [[id, "yes", "--by", ""], 2, "a name of 1 to 200 characters"],
      [[id, "yes", "--digest", "12"], 2, "is not 16 to 64 lowercase hex digits"],
      [[id, "yes", "--digest", "0".repeat(16)], 4, "read the question again"],
      [["3fa9", "yes"], 2, "is no id of a question"],
      [["00000000", "yes"], 2, `there is no question '00000000'; open are ${id}`],
      [["0".repeat(32), "yes"], 2, "is no question to a person"],
    ];
    for (const [args, code, message] of cases) {
      const { stderr, ...ended } = await place.run(["answer", ...args]);
      expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
      expect(stderr).toContain(message);
      expect(stderr).not.toMatch(/^ +at /m);
    }
    expect(await onlyQuestion(place, "wrong")).toEqual(question);
    asking.kill("SIGKILL");
  });

  test("two processes that answer at once: one counts, the other is refused", async () => {
    const asking = ask(place, "race", "approve");
    const { task } = await onlyQuestion(place, "race");
    const both = await Promise.all([
      place.run(["answer", task, "yes", "--by", "anna"]),
      place.run(["answer", task, "no", "--by", "bert"]),
    ]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 4]);
    const approved = both[0]?.code === 0;
    const by = approved ? "anna" : "bert";
    expect(answersIn(await asking.ended)).toEqual([{ approved, reason: null, by }]);
  });

  test("after its expiry it is too late", async () => {
    const ended = await ask(place, "late", "expired").ended;
    expect(result(ended)).toEqual({ code: "QUESTION_EXPIRED" });
    const { stdout } = await place.run(["show", "late", "--events", "--json"]);
    const { events } = JSON.parse(stdout) as {
      events: readonly { task: string; event: { type: string; signal?: string } }[];
    };
    const task = events.find(({ event }) => event.signal === "answer")?.task ?? "";
    const { code, stderr } = await place.run(["answer", task.slice(0, 8), "yes"]);
    expect(code).toBe(4);
    expect(stderr).toContain("is closed: nobody waits for it any more");
  });
});

describe("every kind of question, as the inbox shows it", { timeout: LONG_MS }, () => {
  test("the commands it prints answer them, whatever a shell makes of the texts", async () => {
    await using place = await makePlace({});
    const asking = ask(place, "kinds", "approve,choose,answer,edit,form");
    const questions = await inbox(place, "kinds", 5);
    const { stdout } = await place.run(["inbox", "--person", "technician", "--run", "last"]);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain("  Say it.\n");
    expect(stdout).toContain('  about    {"depth":12}\n');
    expect(stdout).toContain('  value    {"volts":12}\n');
    expect(stdout).toContain("  field    model: text  (Name of the model)\n");
    expect(stdout).toContain("  field    isOld: boolean, may be left out\n");
    expect(stdout.match(/^ {2}and +chief from 20/gm)).toHaveLength(5);
    expect((await place.run(["inbox", "--person", "chief"])).stdout).toMatch(
      /^no question is open/,
    );
    const commands = [...stdout.matchAll(/^ {2}answer +(waggle .*?)(?: {4}\(.*)?$/gm)];
    const given: Readonly<Record<string, string>> = {
      TEXT: 'it\'s "odd"',
      JSON: '{"volts":24}',
      '{"model": ...}': '{"model":"X"}',
    };
    expect(commands).toHaveLength(questions.length);
    for (const [, command = ""] of commands) {
      const whole = command.replace(
        /'(TEXT|JSON|\{"model": \.\.\.\})'$/,
        (_, place: string) => `'${(given[place] ?? "").replaceAll("'", "'\\''")}'`,
      );
      const script = `waggle() { "${process.execPath}" "${PROGRAM}" "$@"; }; ${whole}`;
      const { code, stderr } = await place.start([], { wrap: () => ["sh", "-c", script] }).ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
    const by = (answersIn(await asking.ended) as readonly { by: string }[])[0]?.by;
    expect(answersIn(await asking.ended)).toEqual([
      { approved: true, reason: null, by },
      { choice: "--it's left", reason: null, by },
      { text: 'it\'s "odd"', by },
      { value: { volts: 24 }, reason: null, by },
      { fields: { model: "X", isOld: null }, by },
    ]);
  });
});
