import { z } from "zod";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import type { TaskId } from "../../../src/core/ids.ts";
import {
  type AgentDefinition,
  agent,
  type Context,
  contract,
  on,
  type Responses,
  requestIn,
  requestTopic,
  type Subscription,
  type TaskEvent,
} from "../../../src/index.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { runWorld, type Weather } from "./run-world.ts";
import { reportPassedOver } from "./waited-signals.ts";

const Response = z.object({ round: z.number() });
const wanted = requestTopic("wanted", { request: z.number(), response: Response });
const RESPONDS = { input: z.number(), output: Response };

const asker = contract("asker", { work: { input: z.null(), output: z.json() } });
const prompt = contract("prompt", { offer: RESPONDS });
const slow = contract("slow", { offer: RESPONDS });
const rude = contract("rude", { offer: RESPONDS });
const picky = contract("picky", { offer: RESPONDS });

const SUBSCRIPTIONS: readonly Subscription[] = [
  on(wanted, prompt.offer),
  on(wanted, slow.offer, { from: "beginning" }),
  // Two subscriptions of one operation: it responds once.
  on(wanted, rude.offer),
  on(">", rude.offer),
  on(wanted, picky.offer, { filter: () => false }),
];

/** How long each request takes at most. */
const TIMEOUTS_MS = [100, 600_000];

/**
 * A task makes two requests, the first of them with so little time that responses come before, at and after its end.
 * Every response counts once, for its own request, and none that was acknowledged in time is missing.
 */
export function topicRequests(weather: Weather): Scenario {
  // The time of the second request is longer than anything that can happen, unless timers may fire early.
  const isPatient = (weather.earlyTimers ?? 0) === 0;
  return runWorld(weather, () => ({
    name: "topic requests",
    root: asker.work,
    input: null,
    agents: agentsOf,
    subscriptions: SUBSCRIPTIONS,
    // Whoever was started by a request ends, whatever became of that.
    isOver: (kernel) => kernel.ledger.runs({}).every(({ gate }) => gate === "ended"),
    check: (kernel, ended) => problemOf(kernel, ended as readonly Came[], isPatient),
    maxSteps: 6_000,
  }));
}

type Came = Responses<z.infer<typeof Response>>;

function agentsOf(kernel: KernelWorld, self: Process): readonly AgentDefinition[] {
  kernel.whenCommitted = (batch) => reportPassedOver(kernel, batch);
  return [
    agent(asker, {
      async work(ctx) {
        const saw = kernel.life(`asker ${ctx.task}`);
        const came: Came[] = [];
        for (const [round, timeoutMs] of TIMEOUTS_MS.entries()) {
          const next = await requestIn(ctx, wanted, round, { timeoutMs });
          saw(JSON.stringify(next));
          came.push(next);
        }
        return JSON.parse(JSON.stringify(came));
      },
    }),
    agent(prompt, { offer: (_ctx, round) => ({ round }) }),
    agent(slow, {
      async offer(ctx, round) {
        await thinks(ctx, self);
        return { round };
      },
    }),
    agent(rude, {
      async offer(ctx) {
        await thinks(ctx, self);
        throw new Error("no");
      },
    }),
    agent(picky, { offer: (_ctx, round) => ({ round }) }),
  ];
}

/** Until a moment around the end of the first request. */
async function thinks(ctx: Context, self: Process): Promise<void> {
  const halves = await ctx.step("how long", () => Math.floor(self.random.next() * 4));
  await ctx.sleep("think", (halves * (TIMEOUTS_MS[0] ?? 0)) / 2);
}

/** An event of whichever run, where it stands. */
interface Placed {
  readonly task: TaskId;
  /** `agent.operation`. */
  readonly name: string;
  readonly position: number;
  readonly event: TaskEvent;
}

/** A request as the ledger shows it. */
interface Request {
  readonly signal: string;
  readonly subscribers: readonly string[];
  /** Position of the end of its time; undefined: it ended before. */
  readonly timedOut: number | undefined;
}

function problemOf(
  kernel: KernelWorld,
  came: readonly Came[],
  isPatient: boolean,
): string | undefined {
  const all = placedEvents(kernel);
  const requests = requestsIn(all);
  if (requests.length !== came.length) return `${requests.length} requests, ${came.length} ends`;
  for (const [round, request] of requests.entries()) {
    const result = came[round];
    if (result === undefined) return `request ${round} has no end`;
    const isLong = isPatient && round > 0;
    const problem =
      isLong && request.timedOut !== undefined
        ? "nobody said that there is nothing more to come"
        : problemIn(kernel, all, { ...request, round }, result);
    if (problem !== undefined) {
      return `request ${round}: ${problem} (${JSON.stringify({ request, result })})`;
    }
  }
  return undefined;
}

function problemIn(
  kernel: KernelWorld,
  all: readonly Placed[],
  { signal, subscribers, timedOut, round }: Request & { readonly round: number },
  came: Came,
): string | undefined {
  const { responses, failed, missing } = came;
  const wrong = miscounted(came, subscribers) ?? misheard(came, round);
  if (wrong !== undefined) return wrong;
  if (timedOut === undefined) {
    if (missing.length > 0) return "it ended too early";
    if (responses.length + failed.length > 0) kernel.mark("everybody was heard of");
    return undefined;
  }
  kernel.mark("a request timed out");
  for (const from of missing) {
    const closed = closedAt(all, from, signal);
    if (closed === undefined) continue;
    if (closed < timedOut) return `the response of ${from} was there in time`;
    kernel.mark("a response came too late");
  }
  return undefined;
}

/** Everybody who was subscribed counts once, but for whom a filter left it out. */
function miscounted(
  { responses, failed, missing }: Came,
  subscribers: readonly string[],
): string | undefined {
  const named = [...responses, ...failed].map(({ from }) => from).concat(missing);
  if (new Set(named).size !== named.length) return "somebody counts twice";
  const left = subscribers.filter((one) => !named.includes(one) && one !== "picky.offer");
  return left.length === 0 ? undefined : `nothing is said of ${left.join(", ")}`;
}

/** Responses are of those who respond, and to this request; only who is rude or was not begun in time fails. */
function misheard({ responses, failed }: Came, round: number): string | undefined {
  if (responses.some(({ value }) => value.round !== round)) return "of another request";
  const heard = [...responses, ...failed];
  if (heard.some(({ from }) => from === "picky.offer")) return "what was left out has a response";
  if (responses.some(({ from }) => from === "rude.offer")) return "a failure is a response";
  const isFair = ({ from, error }: Came["failed"][number]): boolean =>
    from === "rude.offer" || error.code === "EXPIRED";
  return failed.every(isFair) ? undefined : "a response is a failure";
}

function placedEvents(kernel: KernelWorld): readonly Placed[] {
  return kernel.ledger.find({}).flatMap(({ id, run, agent: of, operation }) =>
    kernel.ledger
      .eventsAfter(run, 0, Number.POSITIVE_INFINITY)
      .filter(({ task }) => task === id)
      .map((stored) => {
        const { position } = stored;
        return { task: id, name: `${of}.${operation}`, position, event: decodeEvent(stored) };
      }),
  );
}

function requestsIn(all: readonly Placed[]): readonly Request[] {
  return all.flatMap(({ event, task }) => {
    if (event.type !== "done" || !event.path.includes("publish:")) return [];
    if (event.outcome.type !== "value") return [];
    const { signal, subscribers } = event.outcome.value as {
      readonly signal: string;
      readonly subscribers: readonly { readonly from: string }[];
    };
    const waits = all.flatMap((one) =>
      one.task === task && one.event.type === "armed" && one.event.signal === signal
        ? one.event.path
        : [],
    );
    const timedOut = all.find(
      (one) =>
        one.task === task &&
        one.event.type === "dropped" &&
        one.event.why === "timeout" &&
        waits.includes(one.event.path),
    );
    const names = subscribers.map(({ from }) => from);
    return [{ signal, subscribers: names, timedOut: timedOut?.position }];
  });
}

/** Where the run of `from` that a request started has closed. */
function closedAt(all: readonly Placed[], from: string, signal: string): number | undefined {
  const started = all.find(
    ({ event, name }) =>
      event.type === "started" && event.respondTo?.signal === signal && name === from,
  );
  return all.find(({ event, task }) => task === started?.task && event.type === "closed")?.position;
}
