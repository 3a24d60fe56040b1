import { runtimeError } from "../core/errors.ts";
import { operationPath, type Path } from "../core/ids.ts";

/** What can be done in a handler. */
export type OperationKind = "step" | "ask" | "send";

interface Use {
  count: number;
  busy: boolean;
}

/** One use of a place in a handler. */
export class Place {
  readonly path: Path;
  readonly #use: Use;

  constructor(path: Path, use: Use) {
    this.path = path;
    this.#use = use;
  }

  /** It may be used again. */
  leave(): void {
    this.#use.busy = false;
  }
}

const NAME = /^[^[\]#]{1,200}$/;
const MAX_KEY_LENGTH = 200;

/**
 * Gives each operation of one handler its place. Repetitions of a place are counted; that is deterministic
 * because they may not overlap: what overlaps needs a key (ids from one counter for everything made 77-95 %
 * of replays diverge).
 */
export class Scope {
  readonly #uses = new Map<string, Use>();

  /**
   * Opens the next operation of this kind, name and key.
   * @throws RuntimeError `CONCURRENT_SCOPE` while the one before is open; `USAGE` for a bad name or key.
   */
  enter(kind: OperationKind, name: string, key: string | undefined): Place {
    const base = key === undefined ? `${kind}:${name}` : `${kind}:${name}[${key}]`;
    let use = this.#uses.get(base);
    if (use === undefined) {
      checkName(kind, name, key);
      use = { count: 0, busy: false };
      this.#uses.set(base, use);
    }
    if (use.busy) {
      throw runtimeError(
        "CONCURRENT_SCOPE",
        `${base} is still open: operations that overlap need different names, or a key each`,
      );
    }
    use.busy = true;
    return new Place(operationPath(base, use.count++), use);
  }
}

function checkName(kind: OperationKind, name: string, key: string | undefined): void {
  if (!NAME.test(name)) {
    throw runtimeError(
      "USAGE",
      `name of ${kind} ${JSON.stringify(name)} is empty, longer than 200, or has one of [ ] #`,
    );
  }
  if (key !== undefined && key.length > MAX_KEY_LENGTH) {
    throw runtimeError(
      "USAGE",
      `key of ${kind} '${name}' has ${key.length} characters (limit ${MAX_KEY_LENGTH})`,
    );
  }
}
