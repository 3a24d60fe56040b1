/**
 * Ephemeral messages between hosts: wake-ups, live events. At most once, in no promised order, to those who
 * are subscribed now. Losing every single one may delay the system, never corrupt it: whoever waits for a
 * wake-up also polls.
 */
export interface Bus {
  /** Hands `message` to the present subscribers of `subject`. Never throws and never waits. */
  publish(subject: string, message: string): void;
  /**
   * Calls `listener` for each message on `subject`, in a later microtask or macrotask than its `publish`.
   * A listener that throws harms no other.
   * @returns Ends the subscription; calling it twice is fine.
   */
  subscribe(subject: string, listener: (message: string) => void): () => void;
}
