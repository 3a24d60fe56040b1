import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { childCommand, type Preload } from "../child-process.ts";

/** One worker process, from its start to its end. */
class Worker {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #closed: Promise<unknown>;
  #rest = "";
  /** Resolves when it serves, or has ended before. */
  readonly begun: Promise<void>;
  isReady = false;
  isStopped = false;
  hasEnded = false;
  #isToEnd = false;

  constructor(
    args: readonly string[],
    preload: Preload | undefined,
    onStarted: (run: string) => void,
  ) {
    const [node, ...rest] = childCommand("workers/worker-child", args, preload);
    const env = { ...process.env, ...preload?.environment };
    this.#process = spawn(node, rest, { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#closed = once(this.#process, "close").then(() => {
      this.hasEnded = true;
    });
    // It may be dead before it reads.
    this.#process.stdin.on("error", () => {});
    this.begun = new Promise((resolve) => {
      void this.#closed.then(() => resolve());
      this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
        const lines = (this.#rest + text).split("\n");
        this.#rest = lines.pop() ?? "";
        for (const line of lines) {
          if (line !== "ready") onStarted(line.slice("started ".length));
          this.isReady = true;
          resolve();
        }
      });
    });
  }

  /** True if it has ended though nobody told it to. */
  get hasFailed(): boolean {
    return this.hasEnded && !this.#isToEnd;
  }

  get serves(): boolean {
    return this.isReady && !this.isStopped && !this.hasEnded;
  }

  start(run: string, rounds: number): void {
    this.#process.stdin.write(`start ${run} ${rounds}\n`);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** @returns how it ended. */
  async end(signal: NodeJS.Signals): Promise<string> {
    this.#isToEnd ||= !this.hasEnded;
    this.signal(signal);
    await this.#closed;
    return String(this.#process.exitCode ?? this.#process.signalCode);
  }
}

/**
 * A number of worker processes on one store; whoever is killed is replaced. Dispose it: all are killed. Every call
 * throws when a worker has ended by itself: then nothing was shown.
 */
export class WorkerTeam implements AsyncDisposable {
  /** Runs whose start was acknowledged. */
  readonly accepted: Set<string> = new Set();
  readonly #args: readonly string[];
  readonly #preload: Preload | undefined;
  readonly #random: () => number;
  readonly #workers: Worker[];

  /** @param args - For each worker, as `preload`. */
  constructor(size: number, args: readonly string[], random: () => number, preload?: Preload) {
    this.#args = args;
    this.#preload = preload;
    this.#random = random;
    this.#workers = Array.from({ length: size }, () => this.#newWorker());
  }

  /** Asks any worker that serves to start a run; false if none does. */
  start(run: string, rounds: number): boolean {
    const worker = this.#any();
    worker?.start(run, rounds);
    return worker !== undefined;
  }

  /** Kills any worker that serves (-9) and starts another in its place; false if none serves. */
  async killOne(): Promise<boolean> {
    const worker = this.#any();
    if (worker === undefined) return false;
    await worker.end("SIGKILL");
    this.#workers[this.#workers.indexOf(worker)] = this.#newWorker();
    return true;
  }

  /** Kills all (-9), as when their machine goes down, and starts as many. */
  async killAll(): Promise<number> {
    this.#checkAll();
    await Promise.all(this.#workers.map((worker) => worker.end("SIGKILL")));
    const killed = this.#workers.length;
    this.#workers.splice(0, killed, ...this.#workers.map(() => this.#newWorker()));
    return killed;
  }

  /** Lets any worker that serves stand still for `ms`; false if none serves. */
  async stopOne(ms: number): Promise<boolean> {
    const worker = this.#any();
    if (worker === undefined) return false;
    worker.isStopped = true;
    worker.signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, ms));
    worker.signal("SIGCONT");
    worker.isStopped = false;
    return true;
  }

  /** Ends all as a user would, once they serve. @returns how those ended that did not end well. */
  async leave(): Promise<readonly string[]> {
    const ends = await Promise.all(
      this.#workers.map(async (worker) => {
        await worker.begun;
        if (worker.hasFailed) throw new Error("a worker failed");
        return worker.end("SIGTERM");
      }),
    );
    return ends.filter((end) => end !== "0");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const living = this.#workers.filter((worker) => !worker.hasEnded);
    await Promise.all(living.map((worker) => worker.end("SIGKILL")));
  }

  #newWorker(): Worker {
    return new Worker(this.#args, this.#preload, (run) => this.accepted.add(run));
  }

  #checkAll(): void {
    if (this.#workers.some((worker) => worker.hasFailed)) throw new Error("a worker failed");
  }

  #any(): Worker | undefined {
    this.#checkAll();
    const serving = this.#workers.filter((worker) => worker.serves);
    return serving[Math.floor(this.#random() * serving.length)];
  }
}
