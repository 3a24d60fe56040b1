// Makes the experiment that has the number argv[2] in the list, with files in argv[3], in a process of its own: code that
// was optimised for one store would be measured in another way after an experiment with the other. Sends its rows, or
// `{ failed, stack }`.
import { EXPERIMENTS } from "./experiments.ts";

process.on("disconnect", () => process.exit());
const [index = "", folder = ""] = process.argv.slice(2);
try {
  const rows = await EXPERIMENTS[Number(index)]?.measure(folder);
  process.send?.({ rows }, () => process.exit());
} catch (error) {
  const failed = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : failed;
  process.send?.({ failed, stack }, () => process.exit());
}
