/** What a handler does, as data. The ids of one program differ. */
export type Program =
  /** An effect that may run again. */
  | { readonly type: "step"; readonly id: string }
  /** An effect that may run again with the same key only. */
  | { readonly type: "keyed"; readonly id: string }
  | { readonly type: "sleep"; readonly id: string; readonly ms: number }
  /** An effect that throws. */
  | { readonly type: "fail"; readonly id: string }
  /** Does its part, and goes on whatever that throws. */
  | { readonly type: "catch"; readonly part: Program }
  | { readonly type: "sequence"; readonly parts: readonly Program[] }
  | {
      readonly type: "all";
      readonly id: string;
      readonly parts: readonly Program[];
      readonly concurrency: number;
    }
  | { readonly type: "race"; readonly id: string; readonly parts: readonly Program[] }
  /** Another task does its part. */
  | {
      readonly type: "ask";
      readonly id: string;
      readonly part: Program;
      readonly timeoutMs: number | null;
    }
  /** So too, and nobody waits for it. */
  | { readonly type: "send"; readonly id: string; readonly part: Program };

/** How a program, or a part of it, ended: plain data that says what every part came to. */
export type Ended =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "error"; readonly error: string };

/** What an ask that nobody answered in time ends with. */
export const TIMED_OUT = "timed out";

/** Draws a program of about `size` parts. @param next - Uniform in [0, 1). */
export function drawProgram(next: () => number, size: number): Program {
  const generator = new Generator(next, size);
  // Whatever fails in it, the whole ends with a value that says so.
  return { type: "catch", part: generator.several("sequence", 0) };
}

/** Programs within programs. */
const MAX_DEPTH = 4;

class Generator {
  readonly #next: () => number;
  #left: number;
  #ids = 0;

  constructor(next: () => number, size: number) {
    this.#next = next;
    this.#left = size;
  }

  several(type: "sequence" | "all" | "race", depth: number): Program {
    const parts = Array.from({ length: 2 + this.#below(2) }, () => this.#one(depth + 1));
    if (type === "sequence") return { type, parts };
    const id = this.#id();
    return type === "race" ? { type, id, parts } : { type, id, parts, concurrency: this.#below(3) };
  }

  #one(depth: number): Program {
    this.#left -= 1;
    const id = this.#id();
    if (depth >= MAX_DEPTH || this.#left <= 0) return this.#leaf(id);
    switch (this.#below(9)) {
      case 0:
        return this.several("all", depth);
      case 1:
        return this.several("race", depth);
      case 2:
        return this.several("sequence", depth);
      case 3:
        return { type: "catch", part: this.#one(depth + 1) };
      case 4:
      case 5: {
        const timeoutMs = this.#below(3) === 0 ? 10 + this.#below(60) : null;
        return { type: "ask", id, part: this.#one(depth + 1), timeoutMs };
      }
      case 6:
        return { type: "send", id, part: this.#one(depth + 1) };
      default:
        return this.#leaf(id);
    }
  }

  #leaf(id: string): Program {
    switch (this.#below(6)) {
      case 0:
        return { type: "sleep", id, ms: 1 + this.#below(50) };
      case 1:
        return { type: "fail", id };
      case 2:
        return { type: "keyed", id };
      default:
        return { type: "step", id };
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  #id(): string {
    this.#ids += 1;
    return `p${this.#ids}`;
  }
}

/** What the step `id` returns. */
export function resultOf(id: string): string {
  return `done ${id}`;
}

/** What the effect `id` throws. */
export function failureOf(id: string): string {
  return `failed ${id}`;
}

/**
 * True if `program` can end so, whatever ran before what.
 * @param isTimed - Somebody above it waits up to a time only: then so does all that is asked below.
 */
export function fits(program: Program, ended: Ended, isTimed: boolean): boolean {
  switch (program.type) {
    case "step":
    case "keyed":
      return isValue(ended, resultOf(program.id));
    case "sleep":
    case "send":
      return isValue(ended, null);
    case "fail":
      return ended.type === "error" && ended.error === failureOf(program.id);
    case "ask": {
      const within = isTimed || program.timeoutMs !== null;
      const isLate = ended.type === "error" && ended.error === TIMED_OUT;
      return (within && isLate) || fits(program.part, ended, within);
    }
    case "catch":
      return fitsCaught(program.part, ended, isTimed);
    case "race":
      return fitsRace(program.parts, ended, isTimed);
    case "all":
    case "sequence":
      return fitsEach(program.parts, ended, isTimed);
  }
}

function isValue(ended: Ended, value: unknown): boolean {
  return ended.type === "value" && ended.value === value;
}

function fitsCaught(part: Program, ended: Ended, isTimed: boolean): boolean {
  if (ended.type === "error") return false;
  if (fits(part, ended, isTimed)) return true;
  const { value } = ended;
  if (typeof value !== "object" || value === null || !("caught" in value)) return false;
  return fits(part, { type: "error", error: String(value.caught) }, isTimed);
}

function fitsRace(parts: readonly Program[], ended: Ended, isTimed: boolean): boolean {
  if (ended.type === "error") return parts.some((part) => fits(part, ended, isTimed));
  const { value } = ended;
  if (typeof value !== "object" || value === null) return false;
  if (!("winner" in value) || !("value" in value)) return false;
  const winner = parts[Number(value.winner)];
  const won: Ended = { type: "value", value: value.value };
  return winner !== undefined && fits(winner, won, isTimed);
}

function fitsEach(parts: readonly Program[], ended: Ended, isTimed: boolean): boolean {
  if (ended.type === "error") return parts.some((part) => fits(part, ended, isTimed));
  const { value } = ended;
  if (!Array.isArray(value) || value.length !== parts.length) return false;
  return parts.every((part, i) =>
    fits(part, { type: "value", value: value[i] as unknown }, isTimed),
  );
}
