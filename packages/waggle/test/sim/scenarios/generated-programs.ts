import { z } from "zod";
import { decodeEvent } from "../../../src/core/event-codec.ts";
import type { TaskId } from "../../../src/core/ids.ts";
import { agent, type Context, contract, type RunId, RuntimeError } from "../../../src/index.ts";
import type { AgentDefinition } from "../../../src/runtime/agent.ts";
import type { Process, Scenario } from "../../../src/testing/index.ts";
import {
  drawProgram,
  type Ended,
  failureOf,
  fits,
  type Program,
  resultOf,
  TIMED_OUT,
} from "./generated-program.ts";
import type { KernelWorld } from "./kernel-world.ts";
import { RUN, runWorld, type Weather } from "./run-world.ts";

const AnyProgram = z.custom<Program>();
const worker = contract("worker", { carryOut: { input: AnyProgram, output: z.json() } });

/** Parts of a program, about. */
const SIZE = 10;

/**
 * A program drawn anew for each schedule out of everything a handler can do: steps, sleeps, failures, scopes within
 * scopes, questions with and without a time, messages. Each task of it, on whichever host, after whichever crash,
 * ends in a way that its part of the program allows, and sees the same things in the same order in each of its lives.
 */
export function generatedPrograms(weather: Weather): Scenario {
  return runWorld(weather, () => {
    const cancelled = new Set<TaskId>();
    return {
      name: "generated programs",
      root: worker.carryOut,
      input: null,
      draw: (next) => drawProgram(next, SIZE),
      agents: (kernel, self) => {
        kernel.whenCommitted = ({ writes }) => {
          for (const write of writes) {
            if (write.type === "deliver" && write.kind === "cancel") cancelled.add(write.task);
          }
        };
        return [workerOf(kernel, self)];
      },
      check: (kernel) => wrongEnding(kernel, cancelled),
    };
  });
}

function workerOf(kernel: KernelWorld, self: Process): AgentDefinition {
  return agent(
    worker,
    {
      carryOut(ctx, program) {
        const saw = kernel.life(`worker ${ctx.task}`);
        return new Interpreter(kernel, self, saw).run(ctx, program, "") as Promise<null>;
      },
    },
    // So few that tasks wait for each other's slots.
    { concurrency: 2 },
  );
}

/** Carries out one task's part of the program. */
class Interpreter {
  readonly #kernel: KernelWorld;
  readonly #self: Process;
  readonly #saw: (what: string) => void;

  constructor(kernel: KernelWorld, self: Process, saw: (what: string) => void) {
    this.#kernel = kernel;
    this.#self = self;
    this.#saw = saw;
  }

  /** @param prefix - Of the paths of what is done directly in `ctx`. */
  async run(ctx: Context, program: Program, prefix: string): Promise<unknown> {
    const ended = await this.#carryOut(ctx, program, prefix).then(
      (value): Ended => ({ type: "value", value }),
      (error: unknown): Ended => ({ type: "error", error: nameOf(error) }),
    );
    const id = "id" in program ? ` ${program.id}` : "";
    this.#saw(`${program.type}${id}: ${JSON.stringify(ended)}`);
    if (ended.type === "error") throw new Error(ended.error);
    return ended.value;
  }

  #carryOut(ctx: Context, program: Program, prefix: string): Promise<unknown> {
    switch (program.type) {
      case "step":
        return ctx.step(program.id, () => this.#act(ctx, program.id, prefix));
      case "keyed":
        return ctx.step(program.id, () => this.#act(ctx, program.id, prefix), { class: "keyed" });
      case "fail":
        return ctx.step(program.id, () => this.#fail(ctx, program.id, prefix));
      case "sleep":
        return ctx.sleep(program.id, program.ms).then(() => null);
      case "catch":
        return this.run(ctx, program.part, prefix).catch((error: unknown) => ({
          caught: nameOf(error),
        }));
      case "sequence":
        return this.#inTurn(ctx, program.parts, prefix);
      case "ask": {
        const { id, part, timeoutMs } = program;
        const time = timeoutMs === null ? {} : { timeoutMs };
        return ctx.ask(worker.carryOut, part, { key: id, ...time });
      }
      case "send":
        return ctx.send(worker.carryOut, program.part, { key: program.id }).then(() => null);
      default:
        return this.#inScopes(ctx, program, prefix);
    }
  }

  async #inTurn(
    ctx: Context,
    parts: readonly Program[],
    prefix: string,
  ): Promise<readonly unknown[]> {
    const values: unknown[] = [];
    for (const part of parts) values.push(await this.run(ctx, part, prefix));
    return values;
  }

  #inScopes(
    ctx: Context,
    program: Program & { readonly type: "all" | "race" },
    prefix: string,
  ): Promise<unknown> {
    const { type, id, parts } = program;
    const within = (c: Context, part: Program, i: number): Promise<unknown> =>
      this.run(c, part, `${prefix}${type}:${id}[${i}]/`);
    if (type === "race") {
      const branches = parts.map((part, i) => [String(i), (c: Context) => within(c, part, i)]);
      return ctx.race(id, Object.fromEntries(branches));
    }
    // 0: all at once.
    const options = program.concurrency === 0 ? {} : { concurrency: program.concurrency };
    return ctx.all(id, parts, (c, part, i) => within(c, part, i), options);
  }

  async #act(ctx: Context, id: string, prefix: string): Promise<string> {
    await this.#kernel.act(this.#self, ctx.task, `${prefix}step:${id}`, id);
    return resultOf(id);
  }

  async #fail(ctx: Context, id: string, prefix: string): Promise<never> {
    await this.#kernel.act(this.#self, ctx.task, `${prefix}step:${id}`, id);
    throw new Error(failureOf(id));
  }
}

/** What was thrown, in the words of a program. */
function nameOf(error: unknown): string {
  // Nobody answered in time; or nobody had begun in time, and that was known first.
  if (RuntimeError.is(error, "ASK_TIMEOUT") || RuntimeError.is(error, "EXPIRED")) return TIMED_OUT;
  if (RuntimeError.is(error, "HANDLER_FAILED") || !RuntimeError.is(error)) {
    return error instanceof Error ? error.message : String(error);
  }
  return error.code;
}

/**
 * The first task that did not end as its part of the program allows.
 * @param cancelled - Tasks that were told to stop: how much of their part they still did is not foreseen.
 */
function wrongEnding(kernel: KernelWorld, cancelled: ReadonlySet<TaskId>): string | undefined {
  for (const { id, deadline } of kernel.ledger.find({ run: RUN as RunId })) {
    const program = programOf(kernel, id);
    const ended = endOf(kernel, id);
    if (program === undefined || ended === undefined) return `task ${id} has no part or no end`;
    if (cancelled.has(id)) kernel.mark("a part was given up");
    else if (deadline !== null && ended.type === "error" && ended.error === TIMED_OUT) {
      kernel.mark("a part came too late");
    } else if (!fits(program, ended, deadline !== null)) {
      return `${JSON.stringify(program)} ended with ${JSON.stringify(ended)}`;
    } else if (ended.type === "error") kernel.mark("a part failed");
  }
  return undefined;
}

function programOf(kernel: KernelWorld, task: TaskId): Program | undefined {
  const origin = kernel.ledger.load(task)?.origin;
  const event = origin === undefined ? undefined : decodeEvent(origin);
  return event?.type === "asked" || event?.type === "started"
    ? (event.input as Program)
    : undefined;
}

function endOf(kernel: KernelWorld, task: TaskId): Ended | undefined {
  const closed = kernel.events(task).find((event) => event.type === "closed");
  if (closed?.type !== "closed") return undefined;
  const { outcome } = closed;
  if (outcome.type === "value") return outcome;
  return { type: "error", error: nameOf(new RuntimeError(outcome.error)) };
}
