import { constants } from "node:os";
import { EXIT } from "./exit-codes.ts";

const SIGNALS: Readonly<Record<string, number>> = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hungUp,
};

/** Somebody wants this process to end. Dispose it: signals have their usual effect again. */
export interface Interruption extends Disposable {
  /** Aborts at the first signal, or when whoever reads stdout has closed it. */
  readonly signal: AbortSignal;
  /** The exit code that tells why; undefined while nobody wants it to end. */
  readonly exitCode: number | undefined;
}

/**
 * Listens for signals and for a closed stdout. The first one aborts the signal, so that work can be given back;
 * a second signal ends the process at once.
 */
export function listenForInterruption(): Interruption {
  const stop = new AbortController();
  let exitCode: number | undefined;
  const interrupt = (code: number, again: () => void): void => {
    if (exitCode !== undefined) again();
    exitCode ??= code;
    stop.abort();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    const code = SIGNALS[signal] ?? 128 + constants.signals[signal];
    interrupt(code, () => process.exit(code));
  };
  const onPipe = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error;
    interrupt(EXIT.pipeClosed, () => {});
  };
  for (const signal of Object.keys(SIGNALS)) process.on(signal, onSignal);
  process.stdout.on("error", onPipe);
  process.stderr.on("error", onPipe);
  return {
    signal: stop.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]: () => {
      for (const signal of Object.keys(SIGNALS)) process.off(signal, onSignal);
    },
  };
}
