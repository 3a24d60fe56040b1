// Row 7: agents ask each other in a circle. Do they wait for ever?
import { agent, contract, createSystem, RuntimeError } from "waggledance";
import { memoryStore } from "waggledance/memory";
import { nodeClock } from "waggledance/node";
import { z } from "zod";

// One document at a time, in the order of the questions: that is what a key is for.
const Document = z.object({ document: z.string(), thenAsk: z.boolean() });
const Review = { review: { input: Document, output: z.string() } };
const byDocument = { key: ({ document }: z.infer<typeof Document>) => document };
const author = contract("author", Review, byDocument);
const critic = contract("critic", Review, byDocument);
const editor = contract("editor", { publish: { input: z.null(), output: z.array(z.string()) } });

/** Each works on its document and, with it in hand, asks the other one about the other document. */
const reviewers = [
  { own: author, other: critic, about: "review" },
  { own: critic, other: author, about: "draft" },
].map(({ own, other, about }) =>
  agent(own, {
    async review(ctx, { thenAsk }) {
      if (!thenAsk) return "read";
      await ctx.sleep("read it", 50); // by now both have begun
      return ctx.ask(other.review, { document: about, thenAsk: false });
    },
  }),
);

const editorAgent = agent(editor, {
  async publish(ctx) {
    const draft = ctx.ask(author.review, { document: "draft", thenAsk: true });
    const review = ctx.ask(critic.review, { document: "review", thenAsk: true });
    const ends = await Promise.allSettled([draft, review]);
    const told = ends.map((end) => {
      if (end.status === "fulfilled") return `answered: ${end.value}`;
      if (!RuntimeError.is(end.reason, "DEADLOCK")) throw end.reason;
      return `${end.reason.code}: ${end.reason.message}`;
    });
    return told.toSorted(); // whichever question came last is given up
  },
});

// Agents that do one thing at a time and come back to themselves through another one: waiting holds no slot.
const Count = { count: { input: z.int(), output: z.string() } };
const ping = contract("ping", Count);
const pong = contract("pong", Count);
const players = [
  { own: ping, other: pong },
  { own: pong, other: ping },
].map(({ own, other }) =>
  agent(
    own,
    { count: (ctx, n) => (n === 0 ? "answered" : ctx.ask(other.count, n - 1)) },
    { concurrency: 1 },
  ),
);

await using system = await createSystem({
  store: memoryStore({ clock: nodeClock() }),
  agents: [...reviewers, editorAgent, ...players],
});
console.log("author and critic ask each other, each with a document in hand:");
for (const end of await (await system.start(editor.publish, null)).result()) console.log(end);
console.log("ping asks pong asks ping, 20 deep, each with concurrency 1:");
console.log(await (await system.start(ping.count, 20)).result());
