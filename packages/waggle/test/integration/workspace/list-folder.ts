// A program of the tests: prints the listing of the folder given as its argument, and the code of what reading
// `secret.txt` in it throws. Run as another user, for whom rights count.
import { nodeWorkspace } from "../../../src/adapters/node/index.ts";

const folder = process.argv[2] ?? "";
const workspace = nodeWorkspace();
const listing = await workspace.list(folder);
const reading = await workspace
  .readText(folder, "secret.txt")
  .catch((error: { code: string }) => error.code);
process.stdout.write(JSON.stringify({ listing, reading }));
