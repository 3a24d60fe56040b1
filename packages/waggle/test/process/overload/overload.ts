import { join } from "node:path";
import { childCommand, type Preload, startChild } from "../child-process.ts";

/** What {@link overload} found. */
export interface OverloadFigures {
  /** Messages sent. */
  readonly attempts: number;
  readonly accepted: number;
  /** Refused with `MAILBOX_FULL`. */
  readonly refused: number;
  /** Ended in any other way. */
  readonly failed: number;
  /** Messages that were processed while others were sent: what the agent can take. */
  readonly processedMeanwhile: number;
  /** Messages that were processed when all was over. */
  readonly processed: number;
  /** Of them, those that were processed more than once. */
  readonly repeated: number;
  /** Messages that the ledger holds. */
  readonly kept: number;
  /** Messages in the list of dead letters. */
  readonly dead: number;
  /** Most messages that waited at a time. */
  readonly mostWaiting: number;
  /** From the most in the first part of the time to the most in the rest; after garbage collections. */
  readonly heapGrowthMb: number;
  readonly rssGrowthMb: number;
  /** Everything that is not as promised, in words. */
  readonly faults: readonly string[];
}

/** Messages that may wait. */
const MAILBOX = 100;
/** Fewer sends than this times what was processed are no overload. */
const OVERLOAD = 5;
/** What memory may grow by after the warm-up: the noise of the collector and of the engine's caches. */
const MAX_HEAP_GROWTH_MB = 24;
const MAX_RSS_GROWTH_MB = 96;

/** Sends one agent ten times what it can take for `seconds`, in a process with a store in `folder`. */
export async function overload(
  folder: string,
  seconds: number,
  preload?: Preload,
): Promise<OverloadFigures> {
  const args = [join(folder, "overload.db"), String(seconds), String(MAILBOX)];
  const [node, ...rest] = childCommand("overload/overload-child", args, preload);
  const child = startChild([node, "--expose-gc", ...rest], preload?.environment);
  const found = JSON.parse(await child.ended()) as Omit<OverloadFigures, "faults">;
  const is = (claim: boolean, fault: string): readonly string[] => (claim ? [] : [fault]);
  const { attempts, accepted, refused, failed, processed, dead, kept } = found;
  return {
    ...found,
    faults: [
      ...is(
        attempts >= OVERLOAD * found.processedMeanwhile,
        `${attempts} sends are no overload of an agent that took ${found.processedMeanwhile}`,
      ),
      ...is(failed === 0, `${failed} sends failed otherwise`),
      ...is(attempts === accepted + refused + failed, `${accepted} and ${refused} of ${attempts}`),
      ...is(
        accepted === processed + dead,
        `${accepted} accepted, ${processed + dead} done or dead`,
      ),
      ...is(found.repeated === 0, `${found.repeated} messages were processed twice`),
      ...is(kept === accepted, `${kept} messages in the ledger, ${accepted} accepted`),
      ...is(found.mostWaiting <= MAILBOX, `${found.mostWaiting} waited (limit ${MAILBOX})`),
      ...is(
        found.heapGrowthMb <= MAX_HEAP_GROWTH_MB,
        `the heap grew by ${found.heapGrowthMb} MB (limit ${MAX_HEAP_GROWTH_MB})`,
      ),
      ...is(
        found.rssGrowthMb <= MAX_RSS_GROWTH_MB,
        `the process grew by ${found.rssGrowthMb} MB (limit ${MAX_RSS_GROWTH_MB})`,
      ),
    ],
  };
}
