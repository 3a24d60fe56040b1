import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeClock, nodeRandom } from "../adapters/node/index.ts";
import { sqliteStore } from "../adapters/sqlite/index.ts";
import { RuntimeError } from "../core/errors.ts";
import type { Store } from "../ports/store.ts";
import { codeOf, usageProblems } from "./run-arguments.ts";

/** Where Waggle keeps what it writes, below the current folder. */
const HOME = ".waggle";

/** The ledger of the folder `cwd`. */
export function ledgerFile(cwd: string): string {
  return join(cwd, HOME, "waggle.db");
}

/** Where the report of `run` is written when the user names no folder. */
export function reportFolder(cwd: string, run: string): string {
  return join(cwd, HOME, "reports", run);
}

/**
 * Opens the ledger of `cwd`, or makes it. The caller disposes it.
 * @throws RuntimeError `USAGE` in words for the user; nothing stays open.
 */
export async function openLedger(cwd: string, durability: "power" | "process"): Promise<Store> {
  const home = join(cwd, HOME);
  try {
    await mkdir(home, { recursive: true });
    // What stands here is nobody's source, in whatever repository the user works.
    await writeFile(join(home, ".gitignore"), "*\n", { flag: "wx" }).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  } catch (error) {
    throw usageProblems([
      `the ledger is kept in ${home}, which cannot be written (${codeOf(error)}); start waggle in a folder of yours`,
    ]);
  }
  return await open(cwd, durability);
}

/** Opens the ledger of `cwd` if there is one; undefined otherwise, and nothing is made. As {@link openLedger}. */
export async function openExistingLedger(
  cwd: string,
  durability: "power" | "process" = "process",
): Promise<Store | undefined> {
  return existsSync(ledgerFile(cwd)) ? await open(cwd, durability) : undefined;
}

async function open(cwd: string, durability: "power" | "process"): Promise<Store> {
  try {
    return await sqliteStore(ledgerFile(cwd), { durability })({
      clock: nodeClock(),
      random: nodeRandom(),
    });
  } catch (error) {
    if (!RuntimeError.is(error)) throw error;
    throw usageProblems([`the ledger cannot be used: ${error.message}`]);
  }
}
