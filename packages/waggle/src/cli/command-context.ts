import type { Interruption } from "./interruption.ts";
import type { ProgressStream } from "./live-line.ts";

/** What every command gets of the process. */
export interface CommandContext {
  /** The folder the user stands in. */
  readonly cwd: string;
  /** Of this package. */
  readonly version: string;
  readonly stdout: ProgressStream;
  readonly stderr: ProgressStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interruption: Interruption;
}
