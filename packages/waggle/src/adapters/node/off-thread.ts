import { Worker } from "node:worker_threads";
import { type ErrorData, RuntimeError, runtimeError } from "../../core/errors.ts";

/** Where the function is: a module, and the name under which it exports it. */
export interface OffThreadTarget {
  /** Of a file that Node can load, such as `new URL("./summarise.ts", import.meta.url)`. */
  readonly module: URL;
  readonly export: string;
}

export interface OffThreadOptions {
  /** Most calls at a time, the running one included; one more is refused. Default 64. */
  readonly maxQueue?: number;
  /** After so long a call fails and its thread is ended. Default: no limit. */
  readonly timeoutMs?: number;
}

/**
 * Calls a function in a thread of its own; resolves to what it returned. Arguments and results are copied as
 * `structuredClone` does, so no functions.
 * @throws RuntimeError what the function threw, with its facts if it was one, otherwise `HANDLER_FAILED`;
 * `NOT_DATA` if the argument or the result cannot be copied, `LIMIT_REACHED` if too many calls wait (the function was
 * not called), `STEP_TIMEOUT`, `CLOSED`.
 */
export interface OffThread extends AsyncDisposable {
  (argument: unknown): Promise<unknown>;
  /** Ends the thread, whatever it is doing; calls that have not ended fail as `CLOSED`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What goes to the thread. */
interface Call {
  readonly argument: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What comes back. */
type Reply =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "not-data"; readonly message: string }
  | { readonly type: "data"; readonly error: ErrorData }
  | { readonly type: "foreign"; readonly name: string; readonly message: string };

/**
 * The program of the thread. As text, because it is the same whether this package runs from its source or as built,
 * where files have other names.
 */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const loaded = import(workerData.module).then((module) => {
  const found = module[workerData.export];
  if (typeof found !== "function") {
    throw new TypeError(workerData.module + " exports no function '" + workerData.export + "'");
  }
  return found;
});
loaded.catch(() => {});
const failed = (error) => {
  if (error !== null && typeof error === "object" && typeof error.toData === "function") {
    return { type: "data", error: error.toData() };
  }
  const name = error instanceof Error ? error.name : typeof error;
  return { type: "foreign", name, message: error instanceof Error ? error.message : String(error) };
};
parentPort.on("message", async (argument) => {
  let reply;
  try {
    const call = await loaded;
    reply = { type: "value", value: await call(argument) };
  } catch (error) {
    reply = failed(error);
  }
  try {
    parentPort.postMessage(reply);
  } catch (error) {
    parentPort.postMessage({ type: "not-data", message: String(error.message) });
  }
});
`;

const DEFAULT_QUEUE = 64;

/**
 * Makes a function that runs another one in a thread of its own, one call at a time, in the order of the calls: for
 * subscribers that compute for long, so that the thread with everything else goes on. The thread is started by the
 * first call, and again after it has ended by itself. It does not keep the process alive while nothing runs.
 * Whoever makes it disposes it.
 * @throws RuntimeError `USAGE` for a limit that is no number of at least 1.
 */
export function offThread(target: OffThreadTarget, options: OffThreadOptions = {}): OffThread {
  const { maxQueue = DEFAULT_QUEUE, timeoutMs } = options;
  if (!Number.isSafeInteger(maxQueue) || maxQueue < 1) {
    throw runtimeError("USAGE", `maxQueue ${maxQueue} is no whole number of at least 1`);
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 1)) {
    throw runtimeError("USAGE", `timeoutMs ${timeoutMs} is no time of at least 1`);
  }
  const thread = new Thread(target, maxQueue, timeoutMs);
  const call = (argument: unknown): Promise<unknown> => thread.call(argument);
  return Object.assign(call, { [Symbol.asyncDispose]: () => thread.close() });
}

/** Owns: the calls that wait, the running one, the thread. Invariant: at most one call is in the thread. */
class Thread {
  readonly #target: OffThreadTarget;
  readonly #maxQueue: number;
  readonly #timeoutMs: number | undefined;
  readonly #waiting: Call[] = [];
  #running: Call | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(target: OffThreadTarget, maxQueue: number, timeoutMs: number | undefined) {
    this.#target = target;
    this.#maxQueue = maxQueue;
    this.#timeoutMs = timeoutMs;
  }

  call(argument: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const held = this.#waiting.length + (this.#running === undefined ? 0 : 1);
      if (this.#closed) reject(this.#closedError());
      else if (held >= this.#maxQueue) {
        const problem = `${held} calls of ${this.#name} have not ended (limit ${this.#maxQueue})`;
        reject(runtimeError("LIMIT_REACHED", problem));
      } else {
        this.#waiting.push({ argument, resolve, reject });
        this.#next();
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const left = this.#waiting.splice(0);
    this.#settle((running) => running.reject(this.#closedError()));
    for (const { reject } of left) reject(this.#closedError());
    await this.#worker?.terminate();
  }

  get #name(): string {
    return `'${this.#target.export}' of ${this.#target.module.pathname}`;
  }

  #closedError(): Error {
    return runtimeError("CLOSED", `the thread of ${this.#name} was closed`);
  }

  /** Puts the next call into the thread, if there is one and the thread is free. */
  #next(): void {
    while (this.#running === undefined && !this.#closed) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      const worker = this.#workerNow();
      try {
        worker.postMessage(call.argument);
      } catch (cause) {
        const problem = `the argument of ${this.#name} cannot be copied`;
        call.reject(runtimeError("NOT_DATA", problem, { cause }));
        continue;
      }
      worker.ref();
      this.#running = call;
      this.#startTimer(worker);
    }
  }

  #workerNow(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { module, export: name } = this.#target;
    const worker = new Worker(PROGRAM, {
      eval: true,
      workerData: { module: module.href, export: name },
    });
    this.#worker = worker;
    worker.unref();
    worker.on("message", (reply: Reply) => {
      worker.unref();
      this.#settle((call) => this.#answer(call, reply));
    });
    worker.on("error", (cause) => this.#ended(worker, cause));
    worker.on("exit", (code) => this.#ended(worker, new Error(`exit code ${code}`)));
    return worker;
  }

  /** The thread has ended by itself, or was ended after its time. */
  #ended(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const problem = `the thread of ${this.#name} has ended in the middle of a call`;
    this.#settle(({ reject }) => reject(runtimeError("HANDLER_FAILED", problem, { cause })));
  }

  #startTimer(worker: Worker): void {
    if (this.#timeoutMs === undefined) return;
    this.#timer = setTimeout(() => {
      const problem = `${this.#name} took longer than ${this.#timeoutMs} ms`;
      this.#worker = undefined;
      void worker.terminate();
      this.#settle(({ reject }) => reject(runtimeError("STEP_TIMEOUT", problem)));
    }, this.#timeoutMs);
  }

  #settle(tell: (call: Call) => void): void {
    clearTimeout(this.#timer);
    const call = this.#running;
    this.#running = undefined;
    if (call !== undefined) tell(call);
    this.#next();
  }

  #answer({ resolve, reject }: Call, reply: Reply): void {
    switch (reply.type) {
      case "value":
        resolve(reply.value);
        break;
      case "data":
        reject(new RuntimeError(reply.error));
        break;
      case "not-data":
        reject(
          runtimeError("NOT_DATA", `result of ${this.#name} cannot be copied: ${reply.message}`, {
            outcome: "applied",
          }),
        );
        break;
      case "foreign": {
        const { name, message } = reply;
        reject(runtimeError("HANDLER_FAILED", message, { details: { name } }));
        break;
      }
    }
  }
}
