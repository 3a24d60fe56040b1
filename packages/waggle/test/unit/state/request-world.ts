import { z } from "zod";
import {
  type AgentDefinition,
  agent,
  type Context,
  type Contract,
  contract,
  on,
  type RequestTopic,
  requestTopic,
  type Subscription,
} from "../../../src/index.ts";
import type { System } from "../../../src/system/create-system.ts";
import { inWorld } from "../runtime/in-world.ts";

/** What a shop responds with. */
export const Offer: z.ZodObject<{ price: z.ZodNumber }> = z.object({ price: z.number() });
type Offered = z.infer<typeof Offer>;

/** Who needs a part asks here. */
export const wanted: RequestTopic<string, string, Offered> = requestTopic("offers.wanted", {
  request: z.string(),
  response: Offer,
});

/** Asks. */
export const buyer: Contract<{
  readonly buy: { readonly input: z.ZodNull; readonly output: z.ZodJSONSchema };
}> = contract("buyer", { buy: { input: z.null(), output: z.json() } });

/** An agent and what it is subscribed to. */
export interface Shop {
  readonly agent: AgentDefinition;
  readonly subscription: Subscription;
}

/** A shop with one operation, which is subscribed to what is wanted. */
export function shop(
  name: string,
  offer: (ctx: Context, part: string) => Promise<Offered> | Offered,
  filter?: (part: string) => boolean,
): Shop {
  const own = contract(name, { offer: { input: z.string(), output: Offer } });
  return {
    agent: agent(own, { offer }),
    subscription: on(wanted, own.offer, {
      ...(filter === undefined ? {} : { filter: ({ value }) => filter(value) }),
    }),
  };
}

/** Lets `buy` run among `shops`, and gives what it returns and the system that it ran in. */
export async function buying(
  shops: readonly Shop[],
  buy: (ctx: Context) => Promise<unknown>,
  check: (result: unknown, system: System) => Promise<void> | void,
  more: readonly Subscription[] = [],
): Promise<void> {
  await inWorld(async (self, kernel) => {
    const buys = async (ctx: Context): Promise<never> => (await buy(ctx)) as never;
    const system = await kernel.system(
      self,
      [agent(buyer, { buy: buys }), ...shops.map((one) => one.agent)],
      { subscriptions: [...shops.map((one) => one.subscription), ...more], pollMs: 100 },
    );
    const run = await system.start(buyer.buy, null);
    const result = await run.result().catch((error: unknown) => error);
    await check(result, system);
    await system[Symbol.asyncDispose]();
  });
}

/** Responds at once. */
export const cheap: Shop = shop("cheap", () => ({ price: 1 }));
/** Responds after 5 s. */
export const slow: Shop = shop("slow", async (ctx) => {
  await ctx.sleep("think", 5_000);
  return { price: 2 };
});
