import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY, runProgram } from "./run-program.ts";

/** What each program prints: a text is a whole line, in this order. */
const PRINTED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "quick-tour/main.ts": [
    "the run is paused",
    "ask: all about waggle dance",
    "all, side by side: all about bees, all about dances",
    "race: the library was first, and the other one was told to stop",
    "broadcast to: anna, bert",
    "ask by capability: anna is 50 % sure",
    "signal: it is a map",
    "topic, handled by the press: waggle dance: it is a map",
    "board: anna: a buzz; anna: a hum; bert: a buzz",
  ],
  "what-hurts/1-effects-happen-twice.ts": [
    "the shop was ended by SIGKILL, with three charges made and none recorded",
    "class repeatable: charged TWICE, the run ended with paid",
    "class keyed: charged once, the run ended with paid",
    "class once: charged once, the run ended with EFFECT_UNKNOWN",
  ],
  "what-hurts/3-lost-updates.ts": [
    "two agents add 1 to one key, 100 times each:",
    /^get, then set: 1\d\d, [1-9]\d* LOST$/,
    "update: 200, nothing lost",
    "add: 200, nothing lost",
  ],
  "what-hurts/6-stuck-runs.ts": [
    /^the worker that had read [3-9] of 10 pages was killed$/,
    /^the other one read the remaining [1-7]; nobody did anything$/,
    /^the run ended \d+\.\d s after the kill$/,
  ],
  "what-hurts/7-deadlocks.ts": [
    "author and critic ask each other, each with a document in hand:",
    /^DEADLOCK: a deadlock: (author|critic)\.review waits for .*(author|critic)\.review; /,
    "answered: read",
    "ping asks pong asks ping, 20 deep, each with concurrency 1:",
    "answered",
  ],
  "what-hurts/8-cancel-cancels.ts": [
    "before: 2 processes run",
    "after: 0 processes run",
    "stopped: chief.build, builder.compile, builder.compile, mailer.announce",
    "finished before: 0",
    "nobody knows: step:send mail of mailer.announce",
  ],
  "what-hurts/9-flat-cost.ts": [
    "2000 messages, each step returns what is new:",
    /^ {2}a step takes \d+\.\d\d ms at the start, \d+\.\d\d ms at the end$/,
    /^ {2}\d+ bytes of content are \d+ bytes of ledger: (1\.\d|2\.0) times$/,
    "600 messages, each step returns the whole history:",
    /^ {2}a step takes \d+\.\d\d ms at the start, \d+\.\d\d ms at the end$/,
    /^ {2}\d+ bytes of content are \d+ bytes of ledger: \d{2,}\.\d times$/,
  ],
};

const examples = join(REPOSITORY, "examples");

test("every program is run here, and every program here is there", () => {
  const programs = ["quick-tour", "what-hurts"].flatMap((folder) =>
    readdirSync(join(examples, folder))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file}`),
  );
  expect(programs).toEqual(Object.keys(PRINTED));
});

test.each(Object.entries(PRINTED))(
  "%s prints what it shows, complains of nothing and leaves nothing behind",
  async (program, printed) => {
    const end = await runProgram({ file: join("examples", program) });
    expect({ ...end, stdout: "" }).toEqual({ exitCode: 0, stdout: "", stderr: "", leftovers: [] });
    const lines = end.stdout.trimEnd().split("\n");
    expect(lines).toEqual(
      printed.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))),
    );
  },
  60_000,
);
