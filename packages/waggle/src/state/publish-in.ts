import type { TaskId } from "../core/ids.ts";
import type { TryOnce } from "../runtime/transact.ts";
import { type PublishOptions, publishWrites, type Topic } from "./topic.ts";

/** What publishing needs of the handler that does it; a `ctx` is one. */
export interface PublishingHandler {
  readonly task: TaskId;
  /** How many messages lie between this task and the start of its run: what comes of an event goes on counting. */
  readonly hops: number;
  transact(kind: "publish", name: string, tryOnce: TryOnce, key?: string): Promise<unknown>;
}

/**
 * Publishes `value` from a handler, in the commit that records it: once, whatever crashes.
 * @param options - `key`: tells apart events on one topic that are published at the same time.
 * @throws RuntimeError `SCHEMA`, `NOT_DATA`, `VALUE_TOO_LARGE`, `USAGE`, `CONCURRENT_SCOPE`; nothing was published.
 */
export async function publishIn<Written>(
  ctx: PublishingHandler,
  to: Topic<unknown, Written>,
  value: Written,
  options: PublishOptions & { readonly key?: string } = {},
): Promise<void> {
  const { task: by, hops } = ctx;
  const writes = publishWrites(to, value, { by, hops }, options);
  await ctx.transact("publish", to.name, async () => ({ value: null, writes }), options.key);
}
