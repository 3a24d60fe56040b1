import type { Edit } from "./plant-hook.ts";
import type { ScenarioId } from "./scenario-list.ts";

/** A bug that a proof has to find: the mechanism behind a promise, switched off in the real source. */
export interface Plant {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly hunt: Hunt;
}

/** Who has to find it: a scenario of the simulator, or a case of the conformance suite for stores. */
export type Hunt =
  | { readonly type: "scenario"; readonly scenario: ScenarioId }
  | { readonly type: "conformance"; readonly store: StoreName; readonly case: string };

/** A store that the conformance suite runs on. */
export type StoreName = "memory" | "sqlite";

function inScenario(scenario: ScenarioId): Hunt {
  return { type: "scenario", scenario };
}

/** A plant that `scenario` has to find: in each file the text `find` becomes `replace`. */
export function scenarioPlant(
  name: string,
  scenario: ScenarioId,
  ...edits: readonly (readonly [file: string, find: string, replace: string])[]
): Plant {
  return {
    name,
    hunt: inScenario(scenario),
    edits: edits.map(([file, find, replace]) => ({ file, find, replace })),
  };
}

const LEDGER_CHECKS = "adapters/memory/check-write.ts";

export const DROPPED_VERSION: Plant = {
  name: "the expected version is not checked",
  hunt: inScenario("two-writers"),
  edits: [
    {
      file: LEDGER_CHECKS,
      find: `if (task.events.length !== write.version) return "fenced";`,
      replace: "",
    },
  ],
};

export const PLAIN_WRITE: Plant = {
  name: "plain read-modify-write",
  hunt: inScenario("shared-cell-2"),
  edits: [
    {
      file: LEDGER_CHECKS,
      find: `return version === write.expect ? undefined : "conflict";`,
      replace: 'return version < 0 ? "conflict" : undefined;',
    },
  ],
};

export const JOURNAL_AFTER_RETURN: Plant = {
  name: "the journal is written after the return",
  hunt: inScenario("recorded-steps"),
  edits: [
    {
      file: "runtime/recording.ts",
      find: `  operation.settling = "recording";
  owner.outbox.add({`,
      replace: `  operation.settling = "recording";
  owner.deliver(result(0));
  owner.outbox.add({`,
    },
    {
      file: "runtime/recording.ts",
      find: `      operation.settling = "recorded";
      owner.deliver(result(at));`,
      replace: `      operation.settling = "recorded";`,
    },
  ],
};

export const NO_INTENT: Plant = {
  name: "a once effect starts without its intent",
  hunt: inScenario("once-effects"),
  edits: [
    {
      file: "runtime/step-attempts.ts",
      find: `    if (!state.isGuarded) {
      this.#execute`,
      replace: `    if (state.effect !== "keyed") {
      this.#execute`,
    },
  ],
};

export const NEW_KEY: Plant = {
  name: "each attempt has a key of its own",
  hunt: inScenario("keyed-effects"),
  edits: [
    {
      file: "runtime/step-run.ts",
      find: `const parts = ["effect", owner.host.store.id,`,
      replace: `const parts = ["effect", owner.host.id,`,
    },
  ],
};

export const BLIND_RETRY: Plant = {
  name: "an unknown outcome is taken for a failure and written again",
  hunt: inScenario("one-host-asks"),
  edits: [
    {
      file: "runtime/outbox.ts",
      find: `    // \`events\` are the last of the stream; a new generation begins with its first.`,
      replace: `    if (append.ending === undefined) {
      this.#version = row.version;
      await this.#readAndRetry(changes);
      return;
    }`,
    },
  ],
};

export const UNREAD_MAIL: Plant = {
  name: "a task leaves memory with unread mail",
  hunt: inScenario("one-host-passivates"),
  edits: [
    {
      file: LEDGER_CHECKS,
      find: `if (write.inbox !== undefined && task.inbox !== write.inbox) return "behind";`,
      replace: "",
    },
  ],
};

export const NO_FENCE: Plant = {
  name: "the owner is not checked",
  hunt: inScenario("stalled-host"),
  edits: [
    {
      file: LEDGER_CHECKS,
      find: `if (host === undefined || task.owner !== host) return "fenced";`,
      replace: `if (host === undefined) return "fenced";`,
    },
    {
      file: "adapters/memory/memory-ledger.ts",
      find: `if (host?.dead === true) return { type: "refused", write: 0, reason: "fenced" };`,
      replace: "",
    },
  ],
};

export const COUNTER_IDS: Plant = {
  name: "ids are counted instead of placed",
  hunt: inScenario("racing-branches"),
  edits: [
    {
      file: "runtime/scope.ts",
      find: `const path = operationPath(base, use.count++);`,
      replace: `const path = operationPath(kind, this.next++);`,
    },
    {
      file: "runtime/scope.ts",
      find: `  #otherUses: Map<string, Use> | undefined;`,
      replace: `  #otherUses: Map<string, Use> | undefined;
  next = 0;`,
    },
  ],
};

export const MANY_PER_TURN: Plant = {
  name: "results that are there are handed over in one turn",
  hunt: inScenario("racing-branches"),
  edits: [
    {
      file: "runtime/life.ts",
      find: `    this.#handOver(next, operation);
  }`,
      replace: `    this.#handOver(next, operation);
    if (this.#replaying) return;
    for (let more = this.#queue.next; more !== undefined; more = this.#queue.next) {
      const other = this.#operations.at(more.path);
      if (other === undefined) return;
      this.#handOver(more, other);
    }
  }`,
    },
  ],
};
