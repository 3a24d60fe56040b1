import { fileURLToPath } from "node:url";
import type { Place, WaggleProcess } from "./waggle-process.ts";

const CHILD = fileURLToPath(new URL("./asking-child.ts", import.meta.url));

/**
 * Starts a program that asks people, on the ledger of `place`.
 * @param run - Id of its run: started again, it goes on.
 * @param what - Names of what it asks at once, with commas; see `asking-child.ts`.
 */
export function ask(place: Place, run: string, what: string): WaggleProcess {
  const command = [process.execPath, "--conditions=waggle-source", CHILD, run, what];
  return place.start([], { wrap: () => command });
}
