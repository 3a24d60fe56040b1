export { nodeClock } from "./node-clock.ts";
export { nodeRandom } from "./node-random.ts";
