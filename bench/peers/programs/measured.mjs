// What the programs of the peers have in common. Each prints one line of JSON: { figures: { name: [per run] }, note }.

/** Timed runs. */
export const RUNS = 3;
/** Workflows at one time, and branches of a fan-out. */
export const WIDTH = 100;
/** Steps of a workflow. */
export const STEPS = 10;

/** Times `body` RUNS times after one warm-up. @returns ms, per run. */
export async function durations(body) {
  await body();
  const found = [];
  for (let i = 0; i < RUNS; i++) {
    globalThis.gc?.();
    const start = performance.now();
    await body();
    found.push(performance.now() - start);
  }
  return found;
}

/** Steps a second of `count` workflows, `width` at a time; `workflow(i)` carries one out. */
export async function stepRates(workflow, { width, count }) {
  let next = 0;
  const times = await durations(async () => {
    for (let i = 0; i < count; i += width) {
      await Promise.all(Array.from({ length: width }, () => workflow(next++)));
    }
  });
  return times.map((ms) => ((count * STEPS) / ms) * 1_000);
}

/** Ms of one plan, `count` of them one after the other; `plan(i)` gives the number of branches that were joined. */
export async function planTimes(plan, count) {
  let next = 0;
  const times = await durations(async () => {
    for (let i = 0; i < count; i++) {
      const joined = await plan(next++);
      if (joined !== WIDTH) throw new Error(`${joined} of ${WIDTH} branches were joined`);
    }
  });
  return times.map((ms) => ms / count);
}

/**
 * What 10,000 workflows take while they wait. `begin` starts one and gives its promise, `waiting` tells how many
 * wait, `release` lets them end. Needs --expose-gc.
 */
export async function waitingBytes({ begin, waiting, release }) {
  const count = 10_000;
  const before = memory();
  const all = Promise.all(Array.from({ length: count }, (_, i) => begin(i)));
  while (waiting() < count) {
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 5))]);
  }
  const after = memory();
  release();
  await all;
  return {
    heap: (after.heap - before.heap) / count,
    resident: (after.resident - before.resident) / count,
  };
}

function memory() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

/** The median of the last `span` times, divided by that of the first `span`. */
export function endAgainstStart(times, span) {
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  return median(times.slice(-span)) / median(times.slice(0, span));
}

/** Prints what was measured and ends the process, whatever the peer still has open. */
export function report(figures, note) {
  process.stdout.write(`${JSON.stringify({ figures, note })}\n`, () => process.exit(0));
}

/** Fails for a result that is not `expected`. */
export function expectResult(result, expected) {
  if (result !== expected) throw new Error(`gave ${JSON.stringify(result)}, not ${expected}`);
}
