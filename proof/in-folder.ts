import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Linux keeps it in memory: a sync there costs nothing. */
const MEMORY = "/dev/shm";

/** Gives `body` a new folder and removes it afterwards. `memory`: on a file system in memory, where there is one. */
export async function inFolder<T>(
  body: (folder: string) => Promise<T>,
  place: "disk" | "memory" = "disk",
): Promise<T> {
  const parent = place === "memory" && existsSync(MEMORY) ? MEMORY : tmpdir();
  const folder = mkdtempSync(join(parent, "waggle-proof-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
