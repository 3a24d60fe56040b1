import { runtimeError } from "../core/errors.ts";
import { operationPath, type Path } from "../core/ids.ts";

/** What can be done in a handler. The last four open scopes of their own. */
export type OperationKind =
  | "step"
  | "ask"
  | "send"
  | "sleep"
  | "wait"
  | "publish"
  | "board"
  | "peers"
  | "restart"
  | "all"
  | "race"
  | "branch"
  | "cleanup";

interface Use {
  count: number;
  busy: boolean;
}

/** One use of a place in a handler. */
export class Place {
  readonly path: Path;
  readonly scope: Scope;
  readonly #use: Use;

  constructor(path: Path, scope: Scope, use: Use) {
    this.path = path;
    this.scope = scope;
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
 * Gives each operation of one handler, or of one branch of it, its place. Repetitions of a place are counted; that
 * is deterministic because they may not overlap: what overlaps needs a key, or a scope of its own (ids from one
 * counter for everything made 77-95 % of replays diverge).
 */
export class Scope {
  /** In front of the paths of all its operations; ends with `/` unless it is empty. */
  readonly prefix: string;
  /** True for compensation: what begins here also begins while the task is being cancelled. */
  readonly isCleanup: boolean;
  /** The scope it stands in; what closes that closes this one. */
  readonly #outer: Scope | undefined;
  /** The place that was used first; most scopes have few. */
  #firstBase: string | undefined;
  #firstUse: Use | undefined;
  #otherUses: Map<string, Use> | undefined;
  #closed: string | undefined;

  constructor(prefix = "", isCleanup = false, outer?: Scope) {
    this.prefix = prefix;
    this.isCleanup = isCleanup;
    this.#outer = outer;
  }

  /** Why nothing may begin in it any more; undefined while something may. */
  get closed(): string | undefined {
    return this.#closed ?? this.#outer?.closed;
  }

  /** Nothing begins in it any more. */
  close(why: string): void {
    this.#closed ??= why;
  }

  /** The scope of one branch of the operation at `place`. */
  branch(place: Place, key: string | undefined, isCleanup: boolean = this.isCleanup): Scope {
    const suffix = key === undefined ? "" : `[${key}]`;
    return new Scope(`${place.path}${suffix}/`, isCleanup, this);
  }

  /**
   * Opens the next operation of this kind, name and key.
   * @throws RuntimeError `CONCURRENT_SCOPE` while the one before is open; `SCOPE_CLOSED`; `USAGE` for a bad name
   * or key.
   */
  enter(kind: OperationKind, name: string, key: string | undefined): Place {
    const base = key === undefined ? `${kind}:${name}` : `${kind}:${name}[${key}]`;
    const { closed } = this;
    if (closed !== undefined) {
      throw runtimeError("SCOPE_CLOSED", `${this.prefix}${base} was called after ${closed}`);
    }
    const use = this.#useOf(base) ?? this.#firstTime(base, kind, name, key);
    if (use.busy) {
      throw runtimeError(
        "CONCURRENT_SCOPE",
        `${base} is still open: operations that overlap need different names, a key each, or a scope (ctx.all, ctx.branch)`,
      );
    }
    use.busy = true;
    const path = operationPath(base, use.count++);
    return new Place(this.prefix === "" ? path : (`${this.prefix}${path}` as Path), this, use);
  }

  #useOf(base: string): Use | undefined {
    return base === this.#firstBase ? this.#firstUse : this.#otherUses?.get(base);
  }

  #firstTime(base: string, kind: OperationKind, name: string, key: string | undefined): Use {
    checkName(kind, name, key);
    const use = { count: 0, busy: false };
    if (this.#firstBase === undefined) {
      this.#firstBase = base;
      this.#firstUse = use;
    } else {
      this.#otherUses ??= new Map();
      this.#otherUses.set(base, use);
    }
    return use;
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
