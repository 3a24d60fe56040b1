import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { runtimeError } from "../../core/errors.ts";

/**
 * File systems whose locks and shared memory do not reach from one machine to another, by their Linux numbers
 * (statfs(2)): SQLite would lose commits there. 9p (0x01021997) is left out, for containers and virtual machines have
 * their own folders on it, and FUSE (0x65735546), for it can be anything.
 */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
]);

/**
 * Refuses a place where processes of several machines could open the same file.
 * @param typeOf - Number of the file system that holds a folder. Default: asks the system.
 * @throws RuntimeError `USAGE`; nothing was opened. What the system throws if there is no such folder.
 */
export function refuseNetworkFileSystem(
  path: string,
  typeOf: (folder: string) => number = systemType,
): void {
  // Some systems give the number with a sign.
  const name = NETWORK_FILE_SYSTEMS.get(typeOf(dirname(path)) >>> 0);
  if (name === undefined) return;
  throw runtimeError(
    "USAGE",
    `store ${path} lies on a network file system (${name}), where SQLite loses commits; use a local disk`,
  );
}

function systemType(folder: string): number {
  // Other systems number their file systems as they come.
  return process.platform === "linux" ? statfsSync(folder).type : 0;
}
