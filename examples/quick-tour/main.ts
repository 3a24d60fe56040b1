// Most of what agents can do, once each, in one program. No key, no server; the ledger is in memory.
import {
  agent,
  boardIn,
  boardKey,
  contract,
  createSystem,
  messageType,
  on,
  publishIn,
  to,
  topic,
} from "waggledance";
import { memoryStore } from "waggledance/memory";
import { nodeClock } from "waggledance/node";
import { z } from "zod";

// Contracts say what agents can be asked. Callers need nothing else of them.
const Lookup = { lookup: { input: z.string(), output: z.string() } };
const library = contract("library", Lookup);
const archive = contract("archive", Lookup);
const desk = contract("desk", { solve: { input: z.string(), output: z.array(z.string()) } });

// A message type is an operation that many agents take. Its input may have defaults.
const clue = messageType("clue", {
  input: z.object({ text: z.string(), confidence: z.number().default(0.5) }),
  output: z.string(),
});

// A key of the blackboard, with a rule for two writers at once; a topic, with the type of its events.
const heard = boardKey("heard", z.array(z.string()), { merge: "union" });
const Solved = z.object({ subject: z.string(), answer: z.string() });
const solved = topic("cases.solved", Solved);
const press = contract("press", { print: { input: Solved, output: z.null() } });
const printed = Promise.withResolvers<string>();

const libraryAgent = agent(library, {
  // A step runs once and is recorded; after a crash its result is there without it.
  lookup: (ctx, subject) => ctx.step("search", () => `all about ${subject}`),
});

const archiveAgent = agent(archive, {
  async lookup(ctx, subject) {
    await ctx.sleep("until somebody is in", 3_600_000); // takes no memory, and survives a restart
    return `old papers about ${subject}`;
  },
});

const scouts = ["anna", "bert"].map((name) =>
  agent(
    contract(name, { clue: clue.shape }),
    {
      async clue(ctx, { text, confidence }) {
        await boardIn(ctx).update(heard, (now = []) => [...now, `${name}: ${text}`]);
        return `${name} is ${confidence * 100} % sure`;
      },
    },
    { groups: ["scouts"], capabilities: ["tracking"] },
  ),
);

const deskAgent = agent(desk, {
  async solve(ctx, subject) {
    const notes: string[] = []; // not printed here: after a pause or a crash this handler runs again from the top
    notes.push(`ask: ${await ctx.ask(library.lookup, subject)}`);

    const parts = ["bees", "dances"];
    const found = await ctx.all("parts", parts, (branch, part) => branch.ask(library.lookup, part));
    notes.push(`all, side by side: ${found.join(", ")}`);

    const first = await ctx.race("whoever is first", {
      library: (branch) => branch.ask(library.lookup, subject),
      archive: (branch) => branch.ask(archive.lookup, subject),
    });
    notes.push(`race: the ${first.winner} was first, and the other one was told to stop`);

    const { agents } = await ctx.broadcast(clue, { text: "a buzz" }, { group: "scouts" });
    notes.push(`broadcast to: ${agents.join(", ")}`);
    const [peer = ""] = await ctx.peers({ capability: "tracking" });
    notes.push(`ask by capability: ${await ctx.ask(to(peer, clue), { text: "a hum" })}`);

    await ctx.sleep("think", 50);
    const answer = await ctx.waitFor("verdict", z.string(), { timeoutMs: 60_000 });
    notes.push(`signal: ${answer}`);
    await publishIn(ctx, solved, { subject, answer });
    return notes;
  },
});

const pressAgent = agent(press, {
  print(_ctx, { subject, answer }) {
    printed.resolve(`${subject}: ${answer}`);
    return null;
  },
});

await using system = await createSystem({
  store: memoryStore({ clock: nodeClock() }), // sqliteStore("waggle.db"): the same in a file, for many processes
  agents: [libraryAgent, archiveAgent, ...scouts, deskAgent, pressAgent],
  subscriptions: [on(solved, press.print)], // each event starts one run
});

const run = await system.start(desk.solve, "waggle dance", { id: "case-1" });
for await (const { event } of run.events()) {
  if (event.type === "armed" && event.signal === "verdict") break;
}
await system.pause(run.id); // its timers and deadlines stand still
await system.signal({ run: run.id }, "verdict", "it is a map"); // kept until it is taken
console.log(`the run is ${(await system.why(run.id)).gate}`);
await system.resume(run.id);

for (const note of await run.result()) console.log(note); // its type comes from the contract
console.log(`topic, handled by the press: ${await printed.promise}`);
for await (const _ of run.events()); // until everything that was sent is done, too
await using board = system.board({ run: run.id });
console.log(`board: ${(await board.get(heard))?.toSorted().join("; ")}`);
