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
    "R9",
    "memory",
    "an expectation is not compared",
    [
      "check-write.ts",
      'if (events.length !== write.version || inbox !== write.inbox) return "conflict";',
      "",
    ],
    "a batch that expects another number of mails is refused as conflict",
  ),
  plant(
    "R9",
    "sqlite",
    "an expectation is not compared",
    [
      "apply-task-write.ts",
      'if (version !== write.version || inbox !== write.inbox) return "conflict";',
      "",
    ],
    "a batch that expects another number of mails is refused as conflict",
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
    ["apply-task-write.ts", "inbox === undefined ? earlier(task.due, wanted) : wanted", "wanted"],
    "a task released with mail its owner has not seen is due at once",
  ),
  plant(
    "R2",
    "sqlite",
    "dropped expected version",
    ["apply-task-write.ts", '  if (task.version !== write.version) return "fenced";\n', ""],
    "an append that expects fewer events than there are is fenced",
  ),
  plant(
    "R8",
    "sqlite",
    "missing fence (owner check)",
    [
      "apply-task-write.ts",
      "task.owner === 0 || task.owner !== tx.ledger.host(host).n",
      "task.owner === 0",
    ],
    "an append in the name of another host than the owner is fenced",
  ),
  plant(
    "R8",
    "sqlite",
    "missing dead-host check",
    [
      "apply-batch.ts",
      '  if (tx.ledger.host(batch.host).dead) return { type: "refused", write: 0, reason: "fenced" };\n',
      "",
    ],
    "every batch of a freed host is fenced",
  ),
  plant(
    "R7",
    "sqlite",
    "missing inbox check",
    [
      "apply-task-write.ts",
      '  if (write.inbox !== undefined && task.inbox !== write.inbox) return "behind";\n',
      "",
    ],
    "an append that has not seen all mail is refused as behind",
  ),
  plant(
    "STORE",
    "sqlite",
    "missing gate check",
    [
      "apply-task-write.ts",
      "if (!write.starts || gate === OPEN) return undefined;",
      "if (gate >= OPEN) return undefined;",
    ],
    "in a paused run outcomes are taken and nothing starts",
  ),
  plant(
    "R6",
    "sqlite",
    "duplicate delivery accepted",
    [
      "apply-task-write.ts",
      '  return isTaken ? "duplicate" : undefined;',
      "  return isTaken ? undefined : undefined;",
    ],
    "a second mail with the same path is refused as duplicate",
  ),
  plant(
    "STORE",
    "sqlite",
    "refused batch leaves earlier writes",
    ["apply-batch.ts", "      statements.rollbackTo.get();\n", ""],
    "a batch refused as fenced after writes of every kind leaves no trace",
  ),
  plant(
    "STORE",
    "sqlite",
    "refused batch leaves earlier changes",
    ["apply-batch.ts", "      tx.takeBack(mark);\n", ""],
    "a task of a refused batch is absent, whatever was created beside it",
  ),
  plant(
    "STORE",
    "sqlite",
    "tasks of refused batches kept",
    [
      "transaction.ts",
      "      if (made.unwritten === UNWRITTEN.all) this.ledger.dropTask(made);\n",
      "",
    ],
    "a task of a refused batch is absent, whatever was created beside it",
  ),
  plant(
    "STORE",
    "sqlite",
    "commits of others not noticed",
    ["ledger-cache.ts", "    if (version !== this.#dataVersion) this.forget();\n", ""],
    "a tail gives events as they are committed, by whichever store",
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
    ["apply-cell-write.ts", '  if (cell.version !== write.expect) return "conflict";\n', ""],
    "a set that expects another version is refused as conflict",
  ),
  plant(
    "R3",
    "sqlite",
    "add without bound",
    [
      "apply-cell-write.ts",
      "if (sum < min || sum > max || !Number.isSafeInteger(sum))",
      "if (min > max || !Number.isSafeInteger(sum))",
    ],
    "an add that would leave its bounds is refused as bound",
  ),
  plant(
    "STORE",
    "sqlite",
    "run ends with open tasks",
    ["apply-run-write.ts", '  if (to === ENDED && run.unfinished > 0) return "gate";\n', ""],
    "a run does not end while a task of it is open",
  ),
  plant(
    "STORE",
    "sqlite",
    "ended run accepts tasks",
    ["apply-task-write.ts", '  if (run.gate >= ENDED) return "gate";\n', ""],
    "a task in an ended run is refused as gate",
  ),
  plant(
    "R8",
    "sqlite",
    "free ignores the beat",
    ["apply-run-write.ts", '  if (Number(facts?.["beat"] ?? 0) !== beat) return "conflict";\n', ""],
    "a host that beat meanwhile is not freed",
  ),
  plant(
    "R7",
    "sqlite",
    "wake-up lost at release",
    ["apply-task-write.ts", "inbox === undefined ? earlier(task.due, wanted) : wanted", "wanted"],
    "a task released with mail its owner has not seen is due at once",
  ),
  plant(
    "STORE",
    "sqlite",
    "key given to two",
    ["apply-task-write.ts", "run.gate === PAUSED || isQueued(tx, task);", "run.gate === PAUSED;"],
    "the oldest unfinished task of a key is due, the others are not",
  ),
  plant(
    "STORE",
    "sqlite",
    "key not passed on",
    ["apply-task-write.ts", "  if (heldKey) passKey(tx, task);\n", ""],
    "tasks of a key run in the order of their creation, whatever their priority",
  ),
  ...(["memory", "sqlite"] as const).map((store) =>
    plant(
      "STORE",
      store,
      "a version takes tasks of every version",
      store === "memory"
        ? [
            "claim-tasks.ts",
            "versions.flatMap((version) => bound.get(version) ?? [])",
            "[...bound.values()].flat()",
          ]
        : [
            "statements.ts",
            "where t.agent = ?1 and t.code = ?2 and t.priority = ?3",
            "where t.agent = ?1 and (t.code = ?2 or t.code > 0) and t.priority = ?3",
          ],
      "what a version has begun is taken by that version only",
    ),
  ),
  plant(
    "STORE",
    "memory",
    "bound by a claim alone",
    ["ledger-records.ts", "    task.codeVersion = null;", "    task.codeVersion ??= null;"],
    "an owner that recorded nothing leaves a task unbound",
  ),
  plant(
    "STORE",
    "sqlite",
    "bound by a claim alone",
    ["cached-records.ts", "return version > claimsAt ? -code : 0;", "return -code;"],
    "an owner that recorded nothing leaves a task unbound",
  ),
  plant(
    "STORE",
    "sqlite",
    "a free binds what recorded nothing",
    ["statements.ts", "then -code else 0 end", "then -code else -code end"],
    "a freed host leaves bound what it went on with, and no more",
  ),
  plant(
    "STORE",
    "sqlite",
    "a free forgets the version",
    ["statements.ts", "then -code else 0 end", "then 0 else 0 end"],
    "a freed host leaves bound what it went on with, and no more",
  ),
  plant(
    "STORE",
    "sqlite",
    "a new generation stays bound",
    ["apply-task-write.ts", "restart === true ? 0 : boundCode", "restart === null ? 0 : boundCode"],
    "a new generation is bound to no version",
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
