export { nodeClock } from "./node-clock.ts";
export { nodeRandom } from "./node-random.ts";
export { offThread } from "./off-thread.ts";
export { type FindSandboxOptions, findSandbox } from "./sandbox/find-sandbox.ts";
export { type SweepResult, sweepLeftovers } from "./sandbox/sweep-leftovers.ts";
export { type UnisolatedSandboxOptions, unisolatedSandbox } from "./sandbox/unisolated-sandbox.ts";
export { nodeWorkspace } from "./workspace/node-workspace.ts";
