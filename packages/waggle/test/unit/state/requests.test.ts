import { describe, expect, test } from "vitest";
import { z } from "zod";
import { agent, contract, on, publishIn, RuntimeError, requestIn } from "../../../src/index.ts";
import { buying, cheap, Offer, shop, slow, wanted } from "./request-world.ts";

const rude = shop("rude", () => {
  throw new Error("not to you");
});
const picky = shop(
  "picky",
  () => ({ price: 3 }),
  (part) => part === "gold",
);

test("a request gathers what every subscribed operation returns, and ends with the last of them", () =>
  buying(
    [cheap, slow],
    async (ctx) => {
      const came = await requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 });
      return { ...came, tookMs: ctx.now() };
    },
    (result) => {
      expect(result).toMatchObject({
        responses: [
          { from: "cheap.offer", value: { price: 1 } },
          { from: "slow.offer", value: { price: 2 } },
        ],
        failed: [],
        missing: [],
      });
    },
  ));

test("whoever has not responded in time is missing, and what it says later is nobody's response", () =>
  buying(
    [cheap, slow],
    async (ctx) => {
      const first = await requestIn(ctx, wanted, "screw", { timeoutMs: 4_000 });
      await ctx.sleep("until it has said it", 2_000);
      const second = await requestIn(ctx, wanted, "nail", { timeoutMs: 4_000 });
      return [first, second];
    },
    (result) => {
      const came = {
        responses: [{ from: "cheap.offer", value: { price: 1 } }],
        failed: [],
        missing: ["slow.offer"],
      };
      expect(result).toEqual([came, came]);
    },
  ));

describe("a subscriber without a response does not keep a request open", () => {
  test("when it fails", () =>
    buying(
      [cheap, rude],
      (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
      (result) => {
        expect(result).toMatchObject({
          responses: [{ from: "cheap.offer" }],
          failed: [
            { from: "rude.offer", error: { code: "HANDLER_FAILED", message: "not to you" } },
          ],
          missing: [],
        });
      },
    ));

  test("when its filter leaves the request out", () =>
    buying(
      [picky],
      async (ctx) => {
        const none = await requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 });
        const gold = await requestIn(ctx, wanted, "gold", { timeoutMs: 60_000 });
        return [none, gold];
      },
      (result) => {
        expect(result).toMatchObject([
          { responses: [], failed: [], missing: [] },
          { responses: [{ from: "picky.offer", value: { price: 3 } }], missing: [] },
        ]);
      },
    ));

  test("unless another subscription of the same operation takes it", () => {
    const [own] = [contract("picky", { offer: { input: z.string(), output: Offer } })];
    const all = on("offers.>", own.offer);
    return buying(
      [picky],
      (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
      (result) => {
        expect(result).toMatchObject({ responses: [{ from: "picky.offer" }], missing: [] });
      },
      [all],
    );
  });

  test("when the request does not fit its input", () => {
    const counts = contract("counts", { count: { input: z.number(), output: Offer } });
    const counter = {
      agent: agent(counts, { count: () => ({ price: 0 }) }),
      subscription: on("offers.*", counts.count),
    };
    return buying(
      [counter],
      (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
      (result) => {
        expect(result).toMatchObject({
          responses: [],
          failed: [{ from: "counts.count", error: { code: "SCHEMA" } }],
          missing: [],
        });
      },
    );
  });

  test("when what it returns is no response", () => {
    const talks = contract("talks", { talk: { input: z.unknown(), output: z.string() } });
    const talker = {
      agent: agent(talks, { talk: () => "hello" }),
      subscription: on("offers.*", talks.talk),
    };
    return buying(
      [talker],
      (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
      (result) => {
        expect(result).toMatchObject({
          responses: [],
          failed: [{ from: "talks.talk", error: { code: "SCHEMA" } }],
        });
      },
    );
  });

  test("when what it returns is too large for a signal", () => {
    const talks = contract("talks", { talk: { input: z.unknown(), output: z.string() } });
    const talker = {
      agent: agent(talks, { talk: () => "long ".repeat(10_000) }),
      subscription: on("offers.*", talks.talk),
    };
    return buying(
      [talker],
      (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
      (result) => {
        expect(result).toMatchObject({
          responses: [],
          failed: [{ from: "talks.talk", error: { code: "VALUE_TOO_LARGE", outcome: "applied" } }],
        });
      },
    );
  });

  test("when its agent has no handler for it", () => {
    const other = contract("cheap", { refuse: { input: z.string(), output: Offer } });
    return buying(
      [cheap],
      (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
      (result) => {
        expect(result).toMatchObject({
          responses: [{ from: "cheap.offer" }],
          failed: [{ from: "cheap.refuse", error: { code: "UNHANDLED" } }],
          missing: [],
        });
      },
      [on(wanted, other.refuse)],
    );
  });
});

test("a request ends at once where nobody is subscribed", () =>
  buying(
    [],
    (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
    (result) => {
      expect(result).toEqual({ responses: [], failed: [], missing: [] });
    },
  ));

test("a subscriber that is to hear everything is known before there is anything to hear", () => {
  const own = contract("archive", { offer: { input: z.string(), output: Offer } });
  const archive = {
    agent: agent(own, { offer: () => ({ price: 4 }) }),
    subscription: on(wanted, own.offer, { from: "beginning" }),
  };
  return buying(
    [archive],
    (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000 }),
    (result) => {
      expect(result).toMatchObject({ responses: [{ from: "archive.offer" }], missing: [] });
    },
  );
});

test("it ends with as many responses as are wanted at most", () =>
  buying(
    [cheap, slow],
    (ctx) => requestIn(ctx, wanted, "screw", { timeoutMs: 60_000, atMost: 1 }),
    (result) => {
      expect(result).toMatchObject({
        responses: [{ from: "cheap.offer" }],
        missing: ["slow.offer"],
      });
    },
  ));

test("fewer responses than are wanted at least are a failure, when the time is over", () =>
  buying(
    [cheap, rude],
    async (ctx) => {
      const asked = requestIn(ctx, wanted, "screw", { timeoutMs: 30_000, atLeast: 2 });
      return asked.catch((error: unknown) => {
        if (!RuntimeError.is(error, "ASK_TIMEOUT")) throw error;
        return { details: error.details, message: error.message };
      });
    },
    (result) => {
      expect(result).toEqual({
        message: "request on 'offers.wanted': 1 of at least 2 responses came in time",
        details: { responses: ["cheap.offer"], failed: ["rude.offer"], missing: [] },
      });
    },
  ));

test("two requests at one time need keys, and keep their responses apart", () => {
  const echo = contract("echo", { offer: { input: z.string(), output: Offer } });
  const echoing = {
    agent: agent(echo, { offer: (_ctx, part) => ({ price: part.length }) }),
    subscription: on(wanted, echo.offer),
  };
  return buying(
    [echoing],
    async (ctx) => {
      const parts = ["a", "bb", "ccc"];
      const asked = parts.map((part) =>
        requestIn(ctx, wanted, part, { timeoutMs: 60_000, key: part }),
      );
      return (await Promise.all(asked)).map(({ responses }) => responses[0]?.value.price);
    },
    (result) => {
      expect(result).toEqual([1, 2, 3]);
    },
  );
});

test("what is published without asking is answered to nobody", () =>
  buying(
    [cheap],
    async (ctx) => {
      await publishIn(ctx, wanted, "screw");
      return ctx
        .waitFor("response", z.unknown(), { timeoutMs: 1_000 })
        .catch((error: unknown) => RuntimeError.is(error, "WAIT_TIMEOUT"));
    },
    (result) => {
      expect(result).toBe(true);
    },
  ));

test.each([
  [{ timeoutMs: 0 }, "timeoutMs 0 of request on 'offers.wanted' is no time above 0"],
  [{ timeoutMs: 1, atMost: 0 }, "atMost 0 of request on 'offers.wanted' is not from 1 to 1000"],
  [
    { timeoutMs: 1, atLeast: 3, atMost: 2 },
    "atLeast 3 of request on 'offers.wanted' is not from 0 to 2",
  ],
])("refuses %j", (options, message) =>
  buying(
    [],
    (ctx) => requestIn(ctx, wanted, "screw", options).catch((error: Error) => error.message),
    (result) => {
      expect(result).toBe(message);
    },
  ),
);
