import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runtimeError } from "../../../core/errors.ts";
import type { Sandbox } from "../../../ports/sandbox.ts";
import { bestLimiter } from "./find-sandbox.ts";
import { findNodeRuntime, type NodeRuntime, STANDARD_PATH } from "./node-runtime.ts";
import { type Isolation, localSandbox } from "./sandbox-session.ts";
import { startScript } from "./start-script.ts";
import type { TreeLimiter } from "./tree-guard.ts";
import { treeWatchdog } from "./tree-watchdog.ts";

/** What {@link unisolatedSandbox} can be told. */
export interface UnisolatedSandboxOptions {
  /** Folders, as in `PATH`, in which `npm` is looked for. Default: the standard ones. */
  readonly searchPath?: string;
  /** `watchdog`: no control groups, even where they work. Default: the best that works. */
  readonly limits?: "best" | "watchdog";
}

/**
 * A sandbox without walls: commands run as this user, see the whole machine and its network, and can write whatever
 * this user can. Only limits hold. For code that is trusted, where nothing better is there, and only when a person
 * has said so. Commands run in the copy at the copy's own path, and `node_modules` is copied, so that a command
 * that minds its folder leaves the original alone.
 * @throws RuntimeError `SANDBOX_UNAVAILABLE` off Linux: limits need `/proc`.
 */
export async function unisolatedSandbox(options: UnisolatedSandboxOptions = {}): Promise<Sandbox> {
  if (process.platform !== "linux") {
    throw runtimeError("SANDBOX_UNAVAILABLE", `limits need Linux, this is ${process.platform}`);
  }
  const searchPath = options.searchPath ?? STANDARD_PATH;
  const limiter = options.limits === "watchdog" ? treeWatchdog() : await bestLimiter();
  return localSandbox(noIsolation(limiter, await findNodeRuntime(searchPath)));
}

function noIsolation(limiter: TreeLimiter, runtime: NodeRuntime): Isolation {
  return {
    capabilities: {
      isolation: "none",
      limits: limiter.kind,
      description: `no isolation, ${limiter.kind.replace("-", " ")}`,
    },
    limiter,
    canShareModules: false,
    owner: undefined,
    extraProcesses: 0,
    codesNameSignals: false,
    taken: [],
    closed: [],
    prepare: async (scratch) => {
      for (const name of ["home", "tmp", "bin"]) await mkdir(join(scratch, name));
      await symlink(runtime.node, join(scratch, "bin/node"));
      if (runtime.npmFolder === undefined) return;
      for (const name of ["npm", "npx"]) {
        await symlink(join(runtime.npmFolder, `bin/${name}-cli.js`), join(scratch, "bin", name));
      }
    },
    plan: async (command, { scratch, copy }) => {
      const script = join(scratch, "start");
      const env = {
        PATH: `${join(scratch, "bin")}:${STANDARD_PATH}`,
        HOME: join(scratch, "home"),
        LANG: "C.UTF-8",
        TMPDIR: join(scratch, "tmp"),
      };
      const text = startScript(command.argv, copy, { ...env, ...command.env });
      await writeFile(script, text, { mode: 0o600 });
      return { argv: ["/bin/sh", script], openFiles: [] };
    },
  };
}
