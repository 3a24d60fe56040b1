import { clearLine, cursorTo } from "node:readline";
import type { WriteStream } from "node:tty";
import { oneLine, printable } from "./printable.ts";

/** Where progress is written: stdout or stderr of the process. */
export type ProgressStream = NodeJS.WriteStream;

/** How often the status is written anew, in ms. */
const TICK_MS = 1_000;

/** Narrowest terminal on which a status is shown. */
const MIN_COLUMNS = 20;

/**
 * Lines that stay and, on a terminal, one status line below them that is written anew. Elsewhere only the lines:
 * a pipe or a file never gets a control code. Dispose it: the status goes away.
 */
export class LiveLine implements Disposable {
  readonly #stream: ProgressStream;
  readonly #isLive: boolean;
  readonly #status: () => string;
  readonly #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  /**
   * @param status - What the status line is to say now; empty: no status line.
   * @param isLive - False: no status line, whatever the stream is.
   */
  constructor(stream: ProgressStream, status: () => string, isLive: boolean) {
    this.#stream = stream;
    this.#status = status;
    this.#isLive = isLive;
    this.#timer = isLive ? setInterval(() => this.#redraw(), TICK_MS).unref() : undefined;
  }

  /** Writes `text`, which may have several lines and styles of ours; what it quotes must be {@link printable}. */
  print(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #redraw(): void {
    this.#clear();
    this.#draw();
  }

  #clear(): void {
    if (!this.#isShown) return;
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
    this.#isShown = false;
  }

  #draw(): void {
    // A terminal that does not know its width says 0.
    const columns = this.#stream.columns || 80;
    const status = this.#isLive ? printable(this.#status()) : "";
    if (status === "" || columns < MIN_COLUMNS) return;
    // One column stays free: a full line would break, and a broken line cannot be cleared.
    this.#stream.write(oneLine(status, columns - 1));
    this.#isShown = true;
  }
}

/** True where a status line can be written anew: a terminal that takes control codes, and no build machine. */
export function canRedraw(
  stream: Pick<WriteStream, "isTTY">,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const isBuild = (env["CI"] ?? "") !== "" && env["CI"] !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb" && !isBuild;
}
