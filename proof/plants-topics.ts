import { type Plant, scenarioPlant } from "./plants.ts";

// Mechanisms behind requests on topics, each switched off in the real source.

/** What would count a response twice, or for another request. */
export const RESPONSE_PLANTS: readonly Plant[] = [
  scenarioPlant("a late response counts for a later request", "topic-requests", [
    "state/request-in.ts",
    `digest128("request", path)`,
    `digest128("request", task)`,
  ]),
];

/** What would lose a response, or leave whoever asked without a word. */
export const REQUEST_PLANTS: readonly Plant[] = [
  scenarioPlant("a responder ends without its response", "topic-requests", [
    "runtime/closing.ts",
    "...beside, ...response];",
    "...beside];",
  ]),
  scenarioPlant("who expires says nothing to whoever asked", "topic-requests-released", [
    "runtime/burial.ts",
    "if (respondTo !== undefined) writes.push(responseWrite(respondTo, row, outcome));",
    "",
  ]),
  scenarioPlant("a filter leaves a request out in silence", "topic-requests", [
    "state/pump.ts",
    `type: "pass", writes: passedWrites(subscription, event, null) };`,
    `type: "pass", writes: [] };`,
  ]),
];
