import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { addControlCommands } from "./control-program.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import { FAIL_ON_WORDS } from "./fail-on.ts";
import type { RawRunOptions } from "./run-arguments.ts";
import { runCommand } from "./run-command.ts";
import { type RunsOptions, runsCommand } from "./runs-command.ts";
import { type ShowOptions, showCommand } from "./show-command.ts";
import { type WhyOptions, whyCommand } from "./why-command.ts";

const HELP = `
Examples:
  waggle run "Is this project healthy?"                 look at the current folder
  waggle run "Do the tests pass?" --in ../shop          look at another one
  waggle run "Check this project" --json > report.json  for a script
  waggle runs                                           what was run here
  waggle show last                                      the newest run, its plan and its report
  waggle why last                                       what it waits for, and who must act
  waggle inbox                                          questions that wait for people

What it keeps:
  .waggle/waggle.db            the ledger: every run and every recorded step, in the current folder
  .waggle/reports/<run>/       report.md and report.json of each run
The folder that is looked at is never written; its tests run in a copy, in a sandbox.

After a crash or Ctrl-C the same command goes on where it was: what is recorded is not done again.

${EXIT_HELP}`;

const RUN_HELP = `
Examples:
  waggle run "Check this project: is it healthy, do its tests pass, what should be fixed?"
  waggle run "Only the dependencies, please" --in packages/shop
  waggle run "Do the tests pass?" --install --fail-on failing,unknown
  waggle run "Check this project" --json --fail-on high > report.json

The same goal, folder, --install, --no-sandbox and --test-timeout are the same work: if it has not ended, the
command goes on with it; if another process works on it, the command follows that one and takes over should it
die; if it has ended, a new run begins.

--fail-on takes a severity (${FAIL_ON_WORDS.slice(0, 4).join(", ")}): a finding as severe as that, or worse;
or a verdict: failing; needs-attention (also matched by failing); unknown (too little is known to judge).

${EXIT_HELP}`;

const RUNS_HELP = `
Examples:
  waggle runs
  waggle runs --limit 100 --json`;

const SHOW_HELP = `
<run> is the id of a run, the beginning of one, or 'last'.

Examples:
  waggle show last
  waggle show 3fa9 --events
  waggle show 3fa9c1d2e4b5-1 --json`;

const WHY_HELP = `
<run> is the id of a run, the beginning of one, or 'last'.

A run, and each of its tasks, is moving (something happens), idle (it waits for a time, or for somebody outside)
or blocked (nothing will happen by itself).

Examples:
  waggle why last
  waggle why 3fa9 --json`;

/** The names of all commands, in the order of the help. */
export const COMMANDS: readonly string[] = [
  "run",
  "runs",
  "show",
  "why",
  "inbox",
  "answer",
  "cancel",
  "pause",
  "resume",
  "agents",
  "dead",
  "help",
];

/**
 * Parses the arguments and carries out the command they name.
 * @param argv - Without the program's own path.
 * @returns the exit code.
 * @throws RuntimeError as the commands do.
 */
export async function runProgram(
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = makeProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has said what is wrong, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
}

function makeProgram(context: CommandContext, ended: (exitCode: number) => void): Command {
  const { stdout, stderr } = context;
  const program = new Command("waggle")
    .description(
      "A team of agents looks at a project, runs its tests in a sandbox, and reports what it saw.",
    )
    .version(context.version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    })
    .addHelpText("after", HELP);
  program
    .command("run")
    .description("let the team work on a goal, and show its report")
    .argument("<goal>", "what you want to know, in words (in quotes)")
    .option("--in <folder>", "the folder to look at", ".")
    .option("--json", "the report as JSON on stdout; progress goes to stderr")
    .option("--out <folder>", "where report.md and report.json are written")
    .option(
      "--fail-on <what>",
      "exit with 1 if the report has this (see below); repeatable",
      collect,
    )
    .option("--test-timeout <seconds>", "how long the tests may run", "300")
    .option("--install", "npm install what the tests need, in the sandbox's copy")
    .option("--no-sandbox", "run the project's tests as you, without isolation")
    .option("--new", "begin a new run even if there is one to go on with")
    .option(
      "--durability <what>",
      "what the ledger survives: loss of power, or of the process",
      "power",
    )
    .showHelpAfterError("(see 'waggle run --help'; a goal of several words is put in quotes)")
    .addHelpText("after", RUN_HELP)
    .action(async (goal: string, options: RawRunOptions) => {
      ended(await runCommand(goal, options, context));
    });
  program
    .command("runs")
    .description("list the runs of the ledger in the current folder, newest first")
    .option("--json", "as JSON")
    .option("--limit <n>", "at most so many", "20")
    .showHelpAfterError("(see 'waggle runs --help')")
    .addHelpText("after", RUNS_HELP)
    .action(async (options: RunsOptions) => {
      ended(await runsCommand(options, context));
    });
  program
    .command("show")
    .description("show one run: its plan, how far each task is, its report")
    .argument("<run>", "id of a run, the beginning of one, or 'last'")
    .option("--json", "as JSON")
    .option("--events", "what the ledger holds of it, in order")
    .showHelpAfterError("(see 'waggle show --help')")
    .addHelpText("after", SHOW_HELP)
    .action(async (run: string, options: ShowOptions) => {
      ended(await showCommand(run, options, context));
    });
  program
    .command("why")
    .description("tell what an unfinished run waits for, since when, and who must act")
    .argument("<run>", "id of a run, the beginning of one, or 'last'")
    .option("--json", "as JSON")
    .showHelpAfterError("(see 'waggle why --help')")
    .addHelpText("after", WHY_HELP)
    .action(async (run: string, options: WhyOptions) => {
      ended(await whyCommand(run, options, context));
    });
  addControlCommands(program, context, ended);
  return program.showHelpAfterError("(see 'waggle --help')");
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
