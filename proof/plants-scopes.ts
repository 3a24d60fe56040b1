import { type Plant, scenarioPlant } from "./plants.ts";

// Mechanisms behind scopes, waits, restarts, forks and the control of runs, each switched off in the real source.

/** What would make a replay of branches differ, or leave something of them behind. */
export const SCOPE_PLANTS: readonly Plant[] = [
  scenarioPlant("an operation that was given up ends without a record", "raced-branches", [
    "runtime/drops.ts",
    "    events,\n    starts: false,",
    "    events: [],\n    starts: false,",
  ]),
  scenarioPlant("a scope does not wait for bodies that run", "raced-branches", [
    "runtime/drops.ts",
    `  if (operation.phase === "running") {`,
    `  if (operation.phase === "running") {
    recordDropped(owner, operation);`,
  ]),
  scenarioPlant(
    "a scope does not wait for the children of its losers",
    "raced-branches-two-hosts",
    [
      "runtime/drops.ts",
      "    cancelChild(owner, operation, operation.child, why);",
      "    cancelChild(owner, operation, operation.child, why);\n    recordDropped(owner, operation);",
    ],
  ),
  scenarioPlant("a child that was given up is not told to stop", "forked-runs", [
    "runtime/drops.ts",
    "    extra: () => [cancelMail(child)],\n",
    "",
  ]),
  scenarioPlant("what closes a scope leaves those within open", "raced-branches", [
    "runtime/scope.ts",
    "return this.#closed ?? this.#outer?.closed;",
    "return this.#closed;",
  ]),
  scenarioPlant("of two scopes that wait for one end, one hears of it", "raced-branches", [
    "runtime/operation.ts",
    "this.#whenEnded.push(listener);",
    "this.#whenEnded.splice(0, 1, listener);",
  ]),
  scenarioPlant("the first failure of a branch does not give up the others", "failing-branches", [
    "runtime/branches.ts",
    "    await giveUp(owner, begun);\n    throw failure;",
    "    throw failure;",
  ]),
  scenarioPlant("a new generation begins with the input of the first", "restarted-handlers", [
    "runtime/journal.ts",
    `events.find(({ type }) => type === "restarted")`,
    `events.slice(0, 1).find(({ type }) => type === "restarted")`,
  ]),
  scenarioPlant("a change of the code is not recorded", "changed-code", [
    "runtime/marks.ts",
    `if (!isMarked && !isReplaying) outbox.mark(encodeEvent({ type: "marked", id }));`,
    "",
  ]),
  scenarioPlant("a fork keeps the numbers of the original's signals", "forked-runs", [
    "runtime/fork.ts",
    "const { seq: _, respondTo: __, ...fields } =",
    "const { respondTo: __, ...fields } =",
  ]),
  scenarioPlant("a fork does not stop what the original had given up", "forked-runs", [
    "runtime/fork.ts",
    "if (isGivenUp) this.writes.push(cancelMail(made));",
    "",
  ]),
];

/** What would let code replay what other code has recorded. */
export const VERSION_PLANTS: readonly Plant[] = [
  scenarioPlant("a claim ignores the version of a task", "versioned-code-leaves", [
    "adapters/memory/claim-tasks.ts",
    "versions.flatMap((version) => bound.get(version) ?? [])",
    "[...bound.values()].flat()",
  ]),
  scenarioPlant("a child that runs here is bound to no version", "versioned-code-leaves", [
    "runtime/asks.ts",
    "...(codeVersion === undefined ? {} : { codeVersion }),",
    "",
  ]),
  scenarioPlant("who continues a task does not bind it", "versioned-code-deploy", [
    "adapters/memory/claim-tasks.ts",
    "  task.isUnbound = task.codeVersion === null;\n  task.codeVersion = version;",
    "  task.isUnbound = task.codeVersion === null;\n  task.codeVersion ??= version;",
  ]),
];

/** What would let a live handler see otherwise than its replay: the check has to notice without any crash. */
export const CHECK_PLANTS: readonly Plant[] = [
  scenarioPlant("what a live step gives is not what is recorded of it", "checked-quietly", [
    "runtime/recording.ts",
    `{ type: "value", value: value === 0 ? 0 : value };`,
    `{ type: "value", value: value === 0 ? 0 : typeof value === "string" ? \`\${value} \` : value };`,
  ]),
  scenarioPlant("live results are handed over several in a turn", "checked-quietly", [
    "runtime/life.ts",
    "    this.#handOver(next, operation);\n  }",
    `    this.#handOver(next, operation);
    if (this.#replaying) return;
    for (let more = this.#queue.next; more !== undefined; more = this.#queue.next) {
      const other = this.#operations.at(more.path);
      if (other === undefined) return;
      this.#handOver(more, other);
    }
  }`,
  ]),
];

/** What would lose a signal, or take it twice. */
export const WAIT_PLANTS: readonly Plant[] = [
  scenarioPlant("a wait times out with unread mail", "waited-signals", [
    "runtime/waits.ts",
    "    checksInbox: true,\n    isStale: () => isOver(owner, operation, until, timeOut),",
    "    isStale: () => isOver(owner, operation, until, timeOut),",
  ]),
  scenarioPlant("a signal is taken again in replay", "waited-signals-released", [
    "runtime/mail.ts",
    `if (mail.kind === "signal") return !journal.signals.has(mail.seq);`,
    "",
  ]),
  scenarioPlant("a new generation takes the signals of the one before", "restarted-handlers", [
    "runtime/restart.ts",
    "taken: owner.takenSignals",
    "taken: []",
  ]),
  scenarioPlant("a signal is sent again after an unknown outcome", "waited-signals", [
    "runtime/run-control.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text.
    "  if (once === false) return `signal:${name}#${from}` as Path;",
    "  if (once === false) return null as unknown as Path;",
  ]),
];

/** What would tell the one whose answer counts that he was too late. */
export const ANSWER_PLANTS: readonly Plant[] = [
  scenarioPlant("nobody looks whose answer is there after an unknown outcome", "answered-once", [
    "runtime/run-control.ts",
    "(await this.#isOwn(mail, name))",
    "false",
  ]),
];

/** What would write without the record of it. */
export const TRANSACTION_PLANTS: readonly Plant[] = [
  scenarioPlant("a transaction writes apart from its record", "contended-transactions", [
    "runtime/transactions.ts",
    "    extra: () => writes,\n    committed: (at) => {",
    `    committed: (at) => {
      void owner.host.store.commit({ host: owner.host.id, writes });`,
  ]),
];

/** What would let something begin or live in a run that was cancelled, or be left out of the receipt. */
export const CANCEL_PLANTS: readonly Plant[] = [
  scenarioPlant("what begins is written whatever the gate", "cancelled-runs", [
    "adapters/memory/check-write.ts",
    `  if (write.starts && task.run.gate !== "open") return "gate";\n`,
    "",
  ]),
  scenarioPlant("an owner ignores that its run is being cancelled", "cancelled-runs", [
    "runtime/life.ts",
    `    if (gate === "cancelling") this.cancel();\n`,
    "",
  ]),
  scenarioPlant("an effect that was stopped is not among the unknown", "cancelled-runs", [
    "runtime/drops.ts",
    "?.doubt : attempts.doubt;",
    "?.doubt : undefined;",
  ]),
  scenarioPlant("the effects of the dead are not among the unknown", "cancelled-runs", [
    "runtime/drops.ts",
    "journal.attempts.get(path)?.doubt : attempts.doubt;",
    "undefined : attempts.doubt;",
  ]),
  scenarioPlant("the receipt knows the present generation only", "cancelled-runs", [
    "runtime/receipt.ts",
    `    case "marked":
    case "restarted":
      break;`,
    `    case "marked":
      break;
    case "restarted":
      record.open.clear();
      record.unknown.clear();
      break;`,
  ]),
  scenarioPlant("clean-up may not begin while the run is being cancelled", "cancelled-runs", [
    "runtime/cleanups.ts",
    "root.branch(place, undefined, true)",
    "root.branch(place, undefined, false)",
  ]),
  scenarioPlant("bodies that hang are waited for beyond the grace", "cancelled-runs-hanging", [
    "runtime/cancellation.ts",
    "      () => this.#force(task),",
    "      () => {},",
  ]),
  scenarioPlant(
    "the effects that the grace cuts are not among the unknown",
    "cancelled-runs-hanging",
    ["runtime/closing.ts", `closing, one, "returned")`, `closing, one, "returned").slice(-1)`],
  ),
  scenarioPlant("a stuck task cannot be cancelled", "stuck-runs", [
    "runtime/life.ts",
    "if (this.#cancellation === undefined && !this.#isToStop) return false;",
    "if (this.#calls >= 0) return false;",
  ]),
  scenarioPlant("a task becomes stuck with unread mail", "stuck-runs", [
    "runtime/closing.ts",
    "checksInbox: true, ending, isStale, committed };",
    "ending, committed };",
  ]),
  scenarioPlant("clean-ups run in the order in which they were registered", "undone-work", [
    "runtime/cleanups.ts",
    "this.#registered.pop()",
    "this.#registered.shift()",
  ]),
];

/** What would let something begin in a run that is paused, count the time of it, or forget a task. */
export const PAUSE_PLANTS: readonly Plant[] = [
  scenarioPlant("a task that was paused is given back without its time", "paused-runs-briefly", [
    "runtime/closing.ts",
    `    get ending() {
      return ending();
    },`,
    "    ending: ending(),",
  ]),
  scenarioPlant(
    "what is written in place of an end that came too early is lost",
    "paused-runs-twice",
    [
      "runtime/outbox.ts",
      "written instead.\n    this.#pending = [...kept, ...this.#pending];",
      "written instead.\n    this.#pending = kept;",
    ],
  ),
  scenarioPlant("paused time counts for whoever stays in memory", "paused-runs-stalled", [
    "runtime/life.ts",
    "    this.pausedMs = pausedMs;\n    if",
    "    if",
  ]),
  scenarioPlant("a time is over that had not come before the pause", "paused-runs-stalled", [
    "runtime/parking.ts",
    "if (owner.pausedSince === null && runTime(owner) >= until) return false;",
    "return false;",
  ]),
  scenarioPlant(
    "timers fire while the run is paused",
    "paused-runs-stalled",
    [
      "runtime/parking.ts",
      "owner.finished || owner.pausedSince !== null) return;",
      "owner.finished) return;",
    ],
    ["runtime/operation.ts", "(pausedSince ?? host.clock.now())", "host.clock.now()"],
  ),
  scenarioPlant("timers that came to nothing in a pause are forgotten", "paused-runs-stalled", [
    "runtime/life.ts",
    "      this.#operations.restartTimers();\n",
    "",
  ]),
  scenarioPlant("an owner ignores that its run is paused", "paused-runs", [
    "runtime/life.ts",
    `    else if (this.#gate === "paused") this.#defer(operation);\n`,
    "",
  ]),
];
