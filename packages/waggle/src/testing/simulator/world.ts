import { runtimeError } from "../../core/errors.ts";
import { type EffectPool, messageOf } from "./effect-pool.ts";
import { ProcessState } from "./process-state.ts";
import type { Process, ProcessOptions, World } from "./scenario.ts";
import { START_MS } from "./sim-clock.ts";

type Check = () => string | undefined;

/** The {@link World} of one schedule. */
export class SimWorld implements World {
  readonly processes: ProcessState[] = [];
  /** Names that were marked in this schedule; undefined if none was. */
  marks: Set<string> | undefined;
  readonly #pool: EffectPool;
  readonly #stepChecks: Check[] = [];
  readonly #endChecks: Check[] = [];
  #phase: "setup" | "running" | "over" = "setup";

  constructor(pool: EffectPool) {
    this.#pool = pool;
  }

  process(name: string, main: (self: Process) => Promise<unknown>, options?: ProcessOptions): void {
    this.#refuseAfterSetup(`process '${name}'`);
    for (const process of this.processes) {
      if (process.name === name) throw runtimeError("USAGE", `process '${name}' is declared twice`);
    }
    this.processes.push(new ProcessState(name, this.processes.length, main, options));
  }

  invariant(check: Check, when: "step" | "end" = "end"): void {
    this.#refuseAfterSetup("an invariant");
    (when === "step" ? this.#stepChecks : this.#endChecks).push(check);
  }

  mark(name: string): void {
    if (this.#phase === "over") return;
    this.marks ??= new Set();
    this.marks.add(name);
  }

  now(): number {
    return START_MS + this.#pool.elapsedMs;
  }

  /** Ends the declarations. @throws RuntimeError `USAGE` if no process of `scenario` is meant to end. */
  seal(scenario: string): void {
    this.#phase = "running";
    if (this.processes.every((process) => process.daemon)) {
      throw runtimeError("USAGE", `scenario '${scenario}' has no process that ends`);
    }
  }

  /** Late calls change nothing from now on. */
  close(): void {
    this.#phase = "over";
  }

  /** @returns what the first violated invariant says, or undefined. */
  violation(when: "step" | "end"): string | undefined {
    for (const check of when === "step" ? this.#stepChecks : this.#endChecks) {
      const found = textOf(check);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #refuseAfterSetup(what: string): void {
    if (this.#phase !== "setup") {
      throw runtimeError("USAGE", `${what} is declared after setup has returned`);
    }
  }
}

function textOf(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return `invariant threw: ${messageOf(error)}`;
  }
}
