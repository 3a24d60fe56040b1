import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A program of this folder that runs as a process of its own. Whoever starts it disposes it: it is killed then. */
export interface ChildProgram extends AsyncDisposable {
  /**
   * The next thing it sends; unread ones are kept in order.
   * @throws Error when it ends before, or is silent for too long.
   */
  message(): Promise<unknown>;
  send(message: string): void;
  /** Kills it at once (`SIGKILL`) and waits until it is gone. */
  kill(): Promise<void>;
}

/** No program here is silent for so long unless it hangs. */
const SILENCE_MS = 120_000;

/**
 * Starts `program` from source with `gc` in reach. Its stdout and stderr go to this process's stderr.
 * @param silenceMs - A message takes no longer. Default {@link SILENCE_MS}.
 */
export function startProgram(
  program: URL,
  args: readonly string[],
  silenceMs: number = SILENCE_MS,
): ChildProgram {
  const child = fork(fileURLToPath(program), [...args], {
    execArgv: ["--expose-gc", "--no-warnings", "--conditions=waggle-source"],
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const inbox = new Inbox(child, program, silenceMs);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return {
    message: () => inbox.next(),
    send: (message) => void child.send(message),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

class Inbox {
  readonly #messages: unknown[] = [];
  readonly #name: string;
  readonly #silenceMs: number;
  #ended: string | undefined;
  #changed: () => void = () => {};

  constructor(child: ChildProcess, program: URL, silenceMs: number) {
    this.#silenceMs = silenceMs;
    this.#name = program.pathname.split("/").at(-1) ?? program.href;
    child.on("message", (message) => {
      this.#messages.push(message);
      this.#changed();
    });
    const ended = (how: string): void => {
      this.#ended ??= how;
      this.#changed();
    };
    child.on("error", (error) => ended(error.message));
    child.on("exit", (code, signal) => ended(`exit ${signal ?? code}`));
  }

  async next(): Promise<unknown> {
    const limit = AbortSignal.timeout(this.#silenceMs);
    while (this.#messages.length === 0) {
      if (this.#ended !== undefined) {
        throw new Error(`${this.#name} ended without a word (${this.#ended})`);
      }
      if (limit.aborted) throw new Error(`${this.#name} was silent for ${this.#silenceMs} ms`);
      await this.#change(limit);
    }
    return this.#messages.shift();
  }

  #change(limit: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        limit.removeEventListener("abort", over);
        this.#changed = () => {};
        resolve();
      };
      limit.addEventListener("abort", over);
      this.#changed = over;
    });
  }
}
