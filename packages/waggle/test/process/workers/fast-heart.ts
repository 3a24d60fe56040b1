import type { HeartTimes } from "../../../src/runtime/heart.ts";

/** The relations of `HEART_TIMES`, a tenth as long: a process can stand still past them in about a second. */
export const FAST_HEART: HeartTimes = {
  beatMs: 150,
  fenceMs: 600,
  abandonMs: 900,
  silenceMs: 1_200,
};
