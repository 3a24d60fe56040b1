import { type EffectClass, RuntimeError, type StepContext } from "../../../src/index.ts";
import type { Process } from "../../../src/testing/index.ts";
import type { KernelWorld } from "./kernel-world.ts";
import type { Payments } from "./retried-effects.ts";

/** Requests about one payment that go wrong at most: one less than what is tried. */
const MAX_FAILURES = 3;

/**
 * What becomes of a request. `busy`: it is sent back unread. `lost`: it does not arrive. `unanswered`: it is carried out,
 * and the answer is lost.
 */
type Mood = "done" | "refused" | "busy" | "lost" | "unanswered";

/** Asked for, and answered in its time. */
interface Request {
  readonly name: string;
  readonly key: string;
  /** Wall-clock ms after which it is not carried out any more. */
  readonly until: number;
  readonly mood: Mood;
  answer: (() => string) | undefined;
}

/**
 * A payment provider outside the ledger. With keys it answers a key that it knows as it answered it first, a refusal
 * too; without, it charges as often as it is asked to. Counts what it charges.
 */
export class Provider {
  readonly #honoursKeys: boolean;
  readonly #charged = new Map<string, number>();
  readonly #answers = new Map<string, "done" | "refused">();
  readonly #failures = new Map<string, number>();
  readonly #begun = new Map<string, number>();
  /** By name: the attempt that was the last one so far. */
  readonly #attempts = new Map<string, number>();
  readonly #refusedKeys = new Set<string>();
  /** On their way. */
  readonly #requests: Request[] = [];
  readonly #isLookupLost = new Set<string>();
  /** Attempts that were none after those before: a life had lost count. */
  #repetitions = 0;

  constructor(honoursKeys: boolean) {
    this.#honoursKeys = honoursKeys;
  }

  get repetitions(): number {
    return this.#repetitions;
  }

  /** Asks for `name` to be charged. That is done before `until`, or not at all. */
  async charge(
    self: Process,
    name: string,
    { key, attempt }: StepContext,
    until: number,
  ): Promise<string> {
    grow(this.#begun, name);
    if (attempt <= (this.#attempts.get(name) ?? 0)) this.#repetitions++;
    this.#attempts.set(name, attempt);
    const request: Request = { name, key, until, mood: this.#mood(self, name), answer: undefined };
    await self.effect(`send ${name} (${request.mood})`, () => this.#requests.push(request));
    // From here on it is on its way, whatever becomes of who has sent it.
    return await self.effect(`answer ${name}`, () => request.answer?.() ?? name, {
      ready: () => request.answer !== undefined,
    });
  }

  /** Carries out what is asked for, one thing after the other. */
  async serve(kernel: KernelWorld, self: Process): Promise<never> {
    for (;;) {
      await self.effect(
        "carry out",
        () => {
          const request = this.#requests.shift();
          if (request !== undefined) this.#serve(kernel, request);
        },
        { ready: () => this.#requests.length > 0 },
      );
    }
  }

  #serve(kernel: KernelWorld, request: Request): void {
    try {
      const done = this.#answerTo(kernel, request);
      request.answer = () => done;
    } catch (error) {
      request.answer = () => {
        throw error;
      };
    }
  }

  #answerTo(kernel: KernelWorld, { name, key, until, mood }: Request): string {
    if (kernel.now() > until) throw new Error("the request is too old");
    if (mood === "busy") throw refusal("BUSY", name);
    const known = this.#honoursKeys ? this.#answers.get(key) : undefined;
    if (known === "done") {
      kernel.mark("a repeated call was deduplicated by its key");
      return name;
    }
    if (known === "refused") {
      kernel.mark("an old refusal was repeated");
      throw refusal("CARD_REFUSED", name);
    }
    return this.#carryOut(kernel, name, key, mood);
  }

  #carryOut(kernel: KernelWorld, name: string, key: string, mood: Mood): string {
    if (mood === "lost") throw new Error(`the request for ${name} was lost`);
    if (mood === "refused") {
      this.#answers.set(key, "refused");
      this.#refusedKeys.add(name);
      throw refusal("CARD_REFUSED", name);
    }
    if (this.#refusedKeys.has(name)) kernel.mark("a refused effect was done under a new key");
    this.#answers.set(key, "done");
    const times = grow(this.#charged, name);
    if (times > 1) kernel.report(`${name} was charged ${times} times`);
    if (mood === "unanswered") throw new Error(`the answer for ${name} was lost`);
    return name;
  }

  hasCharged(name: string): boolean {
    return this.#charged.has(name);
  }

  /** Tells whether `name` was charged; now and then nobody answers. */
  async find(
    kernel: KernelWorld,
    self: Process,
    name: string,
  ): Promise<{ readonly found: true; readonly value: string } | { readonly found: false }> {
    const isLost = self.random.next() < 0.1;
    return await self.effect(`look for ${name}`, () => {
      if (isLost) {
        this.#isLookupLost.add(name);
        throw new Error("nobody answers");
      }
      const found = this.#charged.has(name);
      kernel.mark(found ? "an effect in doubt was found" : "an effect in doubt was not found");
      return found ? { found, value: name } : { found };
    });
  }

  #mood(self: Process, name: string): Mood {
    const drawn = self.random.next();
    if (drawn < 0.3 || (this.#failures.get(name) ?? 0) >= MAX_FAILURES) return "done";
    grow(this.#failures, name);
    if (drawn < 0.5) return "refused";
    if (drawn < 0.7) return "busy";
    return drawn < 0.85 ? "lost" : "unanswered";
  }

  /**
   * What is wrong with what the handler was told of `name` in the end.
   * @param forgotten - How many attempts the lives of the handler may have forgotten.
   */
  problemOf(
    name: string,
    told: string,
    forgotten: number,
    { effect, isReconciled = false }: Payments,
  ): string | undefined {
    const isCharged = this.#charged.has(name);
    const begun = this.#begun.get(name) ?? 0;
    const most = MAX_FAILURES + 1 + forgotten;
    if (begun > most) return `${name} was tried ${begun} times (limit ${most})`;
    if (told === name) return isCharged ? undefined : `${name} was reported and never charged`;
    const attempts = this.#attempts.get(name) ?? 0;
    const isGivenUp = attempts <= MAX_FAILURES;
    const [outcome] = told.split(":");
    switch (outcome) {
      case "not-applied":
        if (isCharged) return `${name} was charged and reported as not applied`;
        return isGivenUp ? `${name} was given up after attempt ${attempts}` : undefined;
      case "unknown":
        return this.#problemOfUnknown(name, effect, isReconciled, isGivenUp);
      default:
        return `${name} ended with ${told}`;
    }
  }

  #problemOfUnknown(
    name: string,
    effect: EffectClass,
    isReconciled: boolean,
    isGivenUp: boolean,
  ): string | undefined {
    if (isReconciled) return this.#isLookupLost.has(name) ? undefined : `${name} was not found out`;
    return effect === "keyed" && isGivenUp ? `${name} was given up` : undefined;
  }
}

function refusal(code: string, name: string): RuntimeError {
  return new RuntimeError({
    code,
    kind: "capacity",
    outcome: "not-applied",
    retryable: true,
    message: `${name} was refused`,
  });
}

function grow(counts: Map<string, number>, name: string): number {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count;
}
