import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";

const PROGRAMS = join(import.meta.dirname, "programs");
const INSTALL_MS = 900_000;
/** Built against the headers of a later Node 24, better-sqlite3 aborts in garbage collections. Their ABI is the same. */
const HEADERS_VERSION = "24.11.1";

/**
 * Brings the peers at the versions of programs/package-lock.json, and the programs that measure them, into `folder`;
 * once, about 900 MB. Reports what it does to `progress`.
 * @throws Error when they cannot be installed; the next call tries again.
 */
export async function installPeers(
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  rmSync(join(folder, "data"), { recursive: true, force: true });
  mkdirSync(join(folder, "data"), { recursive: true });
  cpSync(PROGRAMS, folder, { recursive: true });
  const stamp = join(folder, ".installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(PROGRAMS, "package-lock.json")))
    .update(readFileSync(join(PROGRAMS, "package.json")))
    .update(process.version)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  progress(`installing the peers in ${folder} (once, 900 MB, about a minute) ...`);
  // Install scripts of strangers are not run; one package needs its own.
  await npm(folder, ["install", "--no-save", "--legacy-peer-deps", "--ignore-scripts"]);
  // Without it the others are measured all the same; the next call tries again.
  if (await buildSqlite(folder, progress)) writeFileSync(stamp, wanted);
}

/** LangGraph's SQLite has native code, which is fetched or, where it cannot be, built here. @returns whether it loads. */
async function buildSqlite(folder: string, progress: (line: string) => void): Promise<boolean> {
  progress("building better-sqlite3 for LangGraph (up to a minute) ...");
  const system = process.platform === "win32" ? "win" : process.platform;
  const headers = `node-${system}-${process.arch}`;
  const prefix = join(folder, "headers");
  mkdirSync(prefix, { recursive: true });
  try {
    const what = `${headers}@${HEADERS_VERSION}`;
    await npm(prefix, ["install", "--no-save", "--ignore-scripts", "--prefix", prefix, what]);
    const nodedir = join(prefix, "node_modules", headers);
    await npm(folder, ["rebuild", "better-sqlite3"], { npm_config_nodedir: nodedir });
    await loadSqlite(folder);
    return true;
  } catch (error) {
    // Only LangGraph's rows with a store need it; they give the reason again, where it is looked for.
    progress(`no better-sqlite3: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

async function loadSqlite(folder: string): Promise<void> {
  const script = 'new (require("better-sqlite3"))(":memory:").close()';
  const args = ["--input-type=commonjs", "--eval", script];
  const { failed } = await runCommand(process.execPath, args, { cwd: folder, limitMs: 30_000 });
  if (failed !== undefined) throw new Error(`it does not load: ${failed}`);
}

async function npm(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { failed } = await runCommand("npm", [...args, ...quiet], {
    cwd,
    limitMs: INSTALL_MS,
    env,
    shell: process.platform === "win32",
  });
  if (failed !== undefined) throw new Error(`npm ${args[0]}: ${failed}`);
}
