/** What another system does for the work of a row. */
export type PeerFigure = MeasuredPeer | RecordedPeer | FailedPeer;

/** Measured beside ours, in the same run. */
interface MeasuredPeer {
  readonly type: "measured";
  readonly peer: string;
  readonly version: string;
  /** Median of `runs`, in the unit of the row. */
  readonly value: number;
  readonly runs: readonly number[];
  /** How many times better ours is; under 1: theirs is better. Null: one of the two is 0. */
  readonly timesBetter: number | null;
  /** What its acknowledgement survives, and how its work differs. */
  readonly note: string;
}

/** Needs a server that this benchmark does not start. Measured earlier, on another machine of two cores. */
interface RecordedPeer {
  readonly type: "recorded";
  readonly peer: string;
  /** When it was measured. */
  readonly at: string;
  readonly value: number;
  readonly timesBetter: number | null;
  readonly note: string;
}

/** Could not be installed or run. */
interface FailedPeer {
  readonly type: "failed";
  readonly peer: string;
  readonly reason: string;
}
