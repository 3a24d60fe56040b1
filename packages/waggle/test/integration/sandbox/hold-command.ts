// A program of the tests: runs the shell line given as its third argument in a sandbox, until it is killed.
// Arguments: isolated or open, best or watchdog, the line, a folder.
import { findSandbox, unisolatedSandbox } from "../../../src/adapters/node/index.ts";

const [walls, limits, line = "", folder = ""] = process.argv.slice(2);
const options = { limits: limits === "watchdog" ? "watchdog" : "best" } as const;
const offer =
  walls === "isolated"
    ? await findSandbox(options)
    : ({ type: "available", sandbox: await unisolatedSandbox(options) } as const);
if (offer.type === "missing") throw new Error(offer.reason);
await using session = await offer.sandbox.open(folder);
const result = await session.run({ argv: ["sh", "-c", line] });
process.stdout.write(JSON.stringify(result));
