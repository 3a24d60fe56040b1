/** The trailing argument of every call that can wait long. */
export interface CallOptions {
  /** Abort stops waiting and rejects with `signal.reason`. Whether an effect happened is told by the call. */
  readonly signal?: AbortSignal;
}
