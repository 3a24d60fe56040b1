import { runtimeError } from "../core/errors.ts";
import type { AllOptions, Context } from "./context.ts";
import type { Operation } from "./operation.ts";
import type { Place, Scope } from "./scope.ts";

// Structured concurrency: branches of one handler, each with a scope of its own.
// Owns: when a branch is given up, and that whoever opened it goes on only when all in it has ended.
// Nothing of it is recorded: which branch came first follows from the order of the records (K4).

/** What branches need of the task. */
export interface BranchOwner {
  /** The context whose operations stand in `scope`. */
  contextOf(scope: Scope): Context;
  /** Gives up whatever is open in `scope`, and in scopes within; those operations. */
  dropScope(scope: Scope): readonly Operation[];
}

/** One branch that was begun. */
interface Branch<R> {
  readonly scope: Scope;
  readonly result: Promise<R>;
}

/** Runs a branch for each item; see {@link Context.all}. */
export async function runAll<Item, R>(
  owner: BranchOwner,
  place: Place,
  items: readonly Item[],
  body: (ctx: Context, item: Item, index: number) => Promise<R>,
  options: AllOptions<Item>,
): Promise<R[]> {
  const keys = branchKeys(place, items, options);
  const width = options.concurrency ?? Math.max(1, items.length);
  if (!Number.isInteger(width) || width < 1) {
    const problem = `concurrency ${width} of ${place.path} is no whole number of at least 1`;
    throw runtimeError("USAGE", problem);
  }
  const begun: Branch<R>[] = [];
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      const scope = place.scope.branch(place, keys[index]);
      // Within the length of `items`, so the item is there.
      const result = run(owner, scope, (ctx) => body(ctx, items[index] as Item, index));
      begun.push({ scope, result });
      results[index] = await result;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
    return results;
  } catch (failure) {
    next = items.length;
    await giveUp(owner, begun);
    throw failure;
  } finally {
    for (const { scope } of begun) scope.close("its branch had ended");
  }
}

function branchKeys<Item>(
  place: Place,
  items: readonly Item[],
  { key }: AllOptions<Item>,
): readonly string[] {
  const keys = items.map((item, index) => (key === undefined ? String(index) : key(item)));
  const seen = new Set<string>();
  const twice = keys.filter((one) => seen.size === seen.add(one).size);
  if (twice.length > 0) {
    const named = [...new Set(twice)].slice(0, 10).join(", ");
    throw runtimeError("USAGE", `branches of ${place.path} share a key: ${named}`);
  }
  const bad = keys.filter((one) => one.length === 0 || one.length > 200 || /[[\]#]/.test(one));
  if (bad.length > 0) {
    const problem = `keys of ${place.path} are empty, longer than 200, or have one of [ ] #`;
    throw runtimeError("USAGE", `${problem}: ${bad.slice(0, 10).join(", ")}`);
  }
  return keys;
}

/** Runs branches until the first one ends; see {@link Context.race}. */
export async function runRace(
  owner: BranchOwner,
  place: Place,
  branches: Readonly<Record<string, (ctx: Context) => unknown>>,
): Promise<{ readonly winner: string; readonly value: unknown }> {
  const names = Object.keys(branches);
  if (names.length === 0) throw runtimeError("USAGE", `${place.path} has no branches`);
  branchKeys(place, names, { key: (name) => name });
  const begun: Branch<{ readonly winner: string; readonly value: unknown }>[] = names.map(
    (name) => {
      const scope = place.scope.branch(place, name);
      const result = run(owner, scope, async (ctx) => ({
        winner: name,
        value: await branches[name]?.(ctx),
      }));
      return { scope, result };
    },
  );
  try {
    return await Promise.race(begun.map(({ result }) => result));
  } finally {
    await giveUp(owner, begun);
  }
}

/** Runs `body` in `scope`. */
export async function run<R>(
  owner: BranchOwner,
  scope: Scope,
  body: (ctx: Context) => Promise<R>,
): Promise<R> {
  return await body(owner.contextOf(scope));
}

/** Gives up what is open in these branches; resolves when all of it has ended. */
async function giveUp(owner: BranchOwner, branches: readonly Branch<unknown>[]): Promise<void> {
  const dropped: Operation[] = [];
  for (const { scope, result } of branches) {
    scope.close("its branch was given up");
    // Whatever a branch throws from now on is told to nobody.
    result.catch(() => {});
    dropped.push(...owner.dropScope(scope));
  }
  await Promise.all(
    dropped.map((operation) => new Promise<void>((ended) => operation.whenEnded(ended))),
  );
}
