// What `npm start` runs. Without arguments: the first run of the README. With arguments: `npm start -- "<goal>" --in DIR`
// runs a goal; a command of the cli (`npm start -- runs`) goes to the cli as it is.
// The cli runs in this process, so signals, exit code and pid are its own.
import { fileURLToPath, pathToFileURL } from "node:url";
import { COMMANDS } from "../packages/waggle/src/cli/program.ts";

const WHOLE_PROGRAM_OPTIONS = new Set(["--help", "-h", "--version", "-V"]);
const FIRST_GOAL = "Check this project: is it healthy, do its tests pass, what should be fixed?";

const main = fileURLToPath(new URL("../packages/waggle/src/cli/main.ts", import.meta.url));
const example = fileURLToPath(new URL("../examples/todo-api", import.meta.url));

const given = process.argv.slice(2);
process.argv = [process.argv[0] ?? process.execPath, main, ...cliArguments(given)];
// npm starts scripts in the project; folders and the ledger count from where the user stands.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
await import(pathToFileURL(main).href);

function cliArguments(given) {
  const first = given[0];
  if (first === undefined) return ["run", FIRST_GOAL, "--in", example];
  return COMMANDS.includes(first) || WHOLE_PROGRAM_OPTIONS.has(first) ? given : ["run", ...given];
}
