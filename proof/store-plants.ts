import type { Plant, StoreName } from "./plants.ts";

/** A planted bug of a store, and the promise it would break. */
export interface StorePlant extends Plant {
  readonly promise: string;
}

function plant(
  promise: string,
  store: StoreName,
  name: string,
  [file, find, replace]: readonly [file: string, find: string, replace: string],
  expected: string,
): StorePlant {
  return {
    promise,
    name: `${store}: ${name}`,
    edits: [{ file: `adapters/${store}/${file}`, find, replace }],
    hunt: { type: "conformance", store, case: expected },
  };
}

/** Mechanisms of the two stores, each switched off in turn; the conformance suite has to notice. */
export const STORE_PLANTS: readonly StorePlant[] = [
  plant(
    "R2",
    "memory",
    "dropped expected version",
    ["check-write.ts", '  if (task.events.length !== write.version) return "fenced";\n', ""],
    "an append that expects fewer events than there are is fenced",
  ),
  plant(
    "R8",
    "memory",
    "missing fence (owner check)",
    ["check-write.ts", "host === undefined || task.owner !== host", "host === undefined"],
    "an append in the name of another host than the owner is fenced",
  ),
  plant(
    "R8",
    "memory",
    "missing dead-host check",
    [
      "memory-ledger.ts",
      '    if (host?.dead === true) return { type: "refused", write: 0, reason: "fenced" };\n',
      "",
    ],
    "every batch of a freed host is fenced",
  ),
  plant(
    "R7",
    "memory",
    "missing inbox check",
    [
      "check-write.ts",
      '  if (write.inbox !== undefined && task.inbox !== write.inbox) return "behind";\n',
      "",
    ],
    "an append that has not seen all mail is refused as behind",
  ),
  plant(
    "STORE",
    "memory",
    "missing gate check",
    ["check-write.ts", '  if (write.starts && task.run.gate !== "open") return "gate";\n', ""],
    "in a paused run outcomes are taken and nothing starts",
  ),
  plant(
    "R6",
    "memory",
    "duplicate delivery accepted",
    ["check-write.ts", "task.paths?.has(write.path)", "task.paths === null"],
    "a second mail with the same path is refused as duplicate",
  ),
  plant(
    "STORE",
    "memory",
    "refused batch leaves earlier writes",
    ["memory-ledger.ts", "        while (undo.length > 0) undo.pop()?.();\n", ""],
    "a batch refused as fenced after writes of every kind leaves no trace",
  ),
  plant(
    "STORE",
    "memory",
    "group neighbours harmed",
    [
      "memory-ledger.ts",
      "while (undo.length > 0) undo.pop()?.();",
      "while (undo.length > 0) undo.shift()?.();",
    ],
    "a batch refused as fenced after writes of every kind leaves no trace",
  ),
  plant(
    "R3",
    "memory",
    "cell without compare",
    [
      "check-write.ts",
      'return version === write.expect ? undefined : "conflict";',
      'return version >= 0 ? undefined : "conflict";',
    ],
    "a set that expects another version is refused as conflict",
  ),
  plant(
    "R3",
    "memory",
    "add without bound",
    [
      "check-write.ts",
      "return sum >= min && sum <= max && Number.isSafeInteger(sum)",
      "return max >= min && Number.isSafeInteger(sum)",
    ],
    "an add that would leave its bounds is refused as bound",
  ),
  plant(
    "STORE",
    "memory",
    "run ends with open tasks",
    [
      "check-write.ts",
      'return write.to === "ended" && run.unfinished > 0 ? "gate" : undefined;',
      "return undefined;",
    ],
    "a run does not end while a task of it is open",
  ),
  plant(
    "STORE",
    "memory",
    "ended run accepts tasks",
    ["check-write.ts", '  if (run.gate === "ended") return "gate";\n', ""],
    "a task in an ended run is refused as gate",
  ),
  plant(
    "R8",
    "memory",
    "free ignores the beat",
    [
      "check-write.ts",
      'return (host?.beat ?? 0) === write.beat ? undefined : "conflict";',
      "return undefined;",
    ],
    "a host that beat meanwhile is not freed",
  ),
  plant(
    "R7",
    "memory",
    "wake-up lost at release",
    ["apply-write.ts", "inbox === undefined ? earlier(task.due, wanted) : wanted", "wanted"],
    "a task released with mail its owner has not seen is due at once",
  ),
  plant(
    "R2",
    "sqlite",
    "dropped expected version",
    [
      "statements.ts",
      "n = ?2 and owner = ?3 and version = ?4 and inbox",
      "n = ?2 and owner = ?3 and ?4 = ?4 and inbox",
    ],
    "an append that expects fewer events than there are is fenced",
  ),
  plant(
    "R8",
    "sqlite",
    "missing fence (owner check)",
    [
      "statements.ts",
      "n = ?2 and owner = ?3 and version = ?4",
      "n = ?2 and ?3 = ?3 and version = ?4",
    ],
    "an append in the name of another host than the owner is fenced",
  ),
  plant(
    "R8",
    "sqlite",
    "missing dead-host check",
    [
      "apply-batch.ts",
      '  if (tx.isDead(batch.host)) return { type: "refused", write: 0, reason: "fenced" };\n',
      "",
    ],
    "every batch of a freed host is fenced",
  ),
  plant(
    "R7",
    "sqlite",
    "missing inbox check",
    ["statements.ts", "and inbox = coalesce(?5, inbox)", "and coalesce(?5, 0) >= 0"],
    "an append that has not seen all mail is refused as behind",
  ),
  plant(
    "STORE",
    "sqlite",
    "missing gate check",
    ["statements.ts", "(?6 = 0 or (select gate from runs where n = tasks.run) = 0)", "?6 >= 0"],
    "in a paused run outcomes are taken and nothing starts",
  ),
  plant(
    "R6",
    "sqlite",
    "duplicate delivery accepted",
    [
      "schema.ts",
      "create unique index mail_path on mail(task, path) where path is not null;",
      "create unique index mail_path on mail(task, path, seq) where path is not null;",
    ],
    "a second mail with the same path is refused as duplicate",
  ),
  plant(
    "STORE",
    "sqlite",
    "refused batch leaves earlier writes",
    ["apply-batch.ts", "      statements.rollbackTo.run();\n", ""],
    "a batch refused as fenced after writes of every kind leaves no trace",
  ),
  plant(
    "STORE",
    "sqlite",
    "group neighbours harmed",
    [
      "write-queue.ts",
      "      this.#alone = jobs.length;",
      "      this.#fail(jobs.length, storeError(thrown, this.#path));",
    ],
    "an event of a type that does not exist harms no neighbour of its turn",
  ),
  plant(
    "R3",
    "sqlite",
    "cell without compare",
    [
      "statements.ts",
      "value = :value where cell = :cell and version = :expect",
      "value = :value where cell = :cell and :expect = :expect",
    ],
    "a set that expects another version is refused as conflict",
  ),
  plant(
    "R3",
    "sqlite",
    "add without bound",
    ["statements.ts", "and amount + :by between :min and :max", "and :min <= :max"],
    "an add that would leave its bounds is refused as bound",
  ),
  plant(
    "STORE",
    "sqlite",
    "run ends with open tasks",
    [
      "statements.ts",
      "\n    and not exists (select 1 from tasks where run = runs.n and state < 2)",
      "",
    ],
    "a run does not end while a task of it is open",
  ),
  plant(
    "STORE",
    "sqlite",
    "ended run accepts tasks",
    ["statements.ts", "from runs where id = ?1 and gate < 3", "from runs where id = ?1"],
    "a task in an ended run is refused as gate",
  ),
  plant(
    "R8",
    "sqlite",
    "free ignores the beat",
    [
      "statements.ts",
      "where id = :id and beat = :beat and dead = 0",
      "where id = :id and :beat = :beat and dead = 0",
    ],
    "a host that beat meanwhile is not freed",
  ),
  plant(
    "R7",
    "sqlite",
    "wake-up lost at release",
    [
      "statements.ts",
      "when ?5 is not null or due is null then ?7",
      "when ?5 is not null or due is null or 1 then ?7",
    ],
    "a task released with mail its owner has not seen is due at once",
  ),
  plant(
    "STORE",
    "sqlite",
    "numbers of rolled back tasks kept",
    ["transaction.ts", "    this.#seen.clear();\n", ""],
    "a task of a refused batch is absent, whatever was created beside it",
  ),
  plant(
    "STORE",
    "sqlite",
    "quiet claim never looks again",
    [
      "quiet-claims.ts",
      "    return quiet.foreign === foreign && now < quiet.until;",
      "    return now < quiet.until;",
    ],
    "a claim that found nothing finds what another store wrote since",
  ),
];
