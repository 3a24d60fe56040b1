/** How urgent a message is. Order: low, normal, high, critical. */
export type Priority = "low" | "normal" | "high" | "critical";

/** All priorities, least urgent first; the index is the stored number. */
export const PRIORITIES: readonly Priority[] = ["low", "normal", "high", "critical"];

/**
 * Head start of each priority over the ones below, in ms of waiting: a message is served as if it had come
 * that much earlier. So a low message overtakes new critical ones after a minute, and nothing starves.
 */
export const PRIORITY_BONUS_MS: Readonly<Record<Priority, number>> = {
  low: 0,
  normal: 5_000,
  high: 20_000,
  critical: 60_000,
};

/** 0 (low) to 3 (critical). */
export function priorityLevel(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}
