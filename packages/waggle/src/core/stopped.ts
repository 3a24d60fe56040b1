import { type RuntimeError, runtimeError } from "./errors.ts";

/**
 * Why a wait ended that nobody needed any more: a timer, a pause, a watch. Given to `abort` in the place of nothing,
 * for then the engine makes an error with a stack each time, which costs more than the wait.
 */
export const STOPPED: RuntimeError = runtimeError("CANCELLED", "what was waited for is not needed");
