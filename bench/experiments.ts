import { FAN_OUT_EXPERIMENTS } from "./fan-out.ts";
import { FLAT_COST_EXPERIMENTS } from "./flat-cost.ts";
import type { Experiment } from "./measure.ts";
import { RECOVERY } from "./recovery.ts";
import { REQUEST_REPLY_EXPERIMENTS } from "./request-reply.ts";
import { SIMULATOR } from "./simulator.ts";
import { STEP_EXPERIMENTS } from "./steps.ts";
import { WAITING_EXPERIMENTS } from "./waiting-runs.ts";
import { WAKE_UP } from "./wake-up.ts";

/** Everything that is measured, in the order in which it is. */
export const EXPERIMENTS: readonly Experiment[] = [
  ...STEP_EXPERIMENTS,
  ...FAN_OUT_EXPERIMENTS,
  ...REQUEST_REPLY_EXPERIMENTS,
  ...WAITING_EXPERIMENTS,
  ...FLAT_COST_EXPERIMENTS,
  RECOVERY,
  WAKE_UP,
  SIMULATOR,
];
