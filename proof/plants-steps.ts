import { type Plant, scenarioPlant } from "./plants.ts";

// Mechanisms behind retries, doubts about effects and reconciling, each switched off in the real source.

const ATTEMPTS = "runtime/step-attempts.ts";
const STATE = "runtime/attempt-state.ts";
const POLICY = "runtime/step-retry.ts";

/** What would do an effect twice, tell a lie about it, or lose a retry. */
export const STEP_PLANTS: readonly Plant[] = [
  scenarioPlant("a once effect in doubt is tried again", "retried-once", [
    POLICY,
    `return outcome === "not-applied";`,
    `return outcome !== "applied";`,
  ]),
  scenarioPlant("each failure gives a new key", "retried-keyed", [
    STATE,
    `if (isRefusal && !this.#isKeyUsed) this.round++;`,
    `this.round++;`,
  ]),
  scenarioPlant("a refusal gives a new key, whatever was in doubt before", "reconciled-keyed", [
    STATE,
    `if (isRefusal && !this.#isKeyUsed) this.round++;`,
    `if (isRefusal) this.round++;`,
  ]),
  scenarioPlant("a crash makes a doubt about a key forgotten", "reconciled-keyed", [
    "runtime/journal.ts",
    `this.attempts.set(path, { ...before, doubt: attempt, isKeyUsed: true });`,
    `this.attempts.set(path, { ...before, doubt: attempt });`,
  ]),
  scenarioPlant("a refusal gives no new key", "retried-keyed-released", [
    STATE,
    `if (isRefusal && !this.#isKeyUsed) this.round++;`,
    "",
  ]),
  scenarioPlant("a refusal is taken for the outcome of all attempts before it", "retried-keyed", [
    STATE,
    `if (error.outcome === "not-applied") this.doubt = before;`,
    `if (error.outcome === "not-applied") this.doubt = undefined;`,
  ]),
  scenarioPlant("a recorded back-off ends with its life", "retried-steps", [
    STATE,
    "this.until = record.until;",
    "this.until = null;",
  ]),
  scenarioPlant("attempts are counted anew in each life", "retried-steps", [
    STATE,
    "this.attempt = record.attempt;",
    "this.attempt = 0;",
  ]),
  scenarioPlant("a long back-off is kept in memory only", "retried-steps", [
    ATTEMPTS,
    "if (ms < RECORDED_FROM_MS && !isCertain) {",
    "if (!isCertain) {",
  ]),
  scenarioPlant("a task leaves memory with what only memory knows", "retried-steps-released", [
    "runtime/life.ts",
    "    this.#operations.keep();\n",
    "",
  ]),
  scenarioPlant("what was found is done again", "reconciled-once", [
    ATTEMPTS,
    "    if (finding.found === true) {",
    "    if (finding.found === true && failure !== undefined) {",
  ]),
  scenarioPlant("an effect is looked for while it may still be on its way", "reconciled-once", [
    ATTEMPTS,
    "if (state.overAt !== null && this.#owner.host.clock.now() < state.overAt) {",
    "if (state.overAt === 0) {",
  ]),
];
