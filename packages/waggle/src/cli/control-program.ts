import type { Command } from "commander";
import { type AgentsOptions, agentsCommand } from "./agents-command.ts";
import { type AnswerCommandOptions, answerCommand } from "./answer-command.ts";
import { type CancelOptions, cancelCommand } from "./cancel-command.ts";
import type { CommandContext } from "./command-context.ts";
import { type DeadOptions, deadCommand } from "./dead-command.ts";
import { type GateOptions, pauseCommand, resumeCommand } from "./gate-commands.ts";
import { type InboxOptions, inboxCommand } from "./inbox-command.ts";

const RUN_ARGUMENT = "id of a run, the beginning of one, or 'last'";

const INBOX_HELP = `
Examples:
  waggle inbox
  waggle inbox --person technician
  waggle inbox --run last --json`;

const ANSWER_HELP = `
<id> is that of a question, or its first 8 digits or more: see waggle inbox, which prints the whole command.
What starts with '-' is put behind '--'.

Examples:
  waggle answer 3fa9c1d2 yes
  waggle answer 3fa9c1d2 no --reason "the valve leaks" --by anna
  waggle answer 3fa9c1d2 --digest 9f86d081884c7d65 -- 'the left one'
  waggle answer 3fa9c1d2 '{"volts": 12}'

Exactly one answer to a question counts. With --digest it is refused unless the question is the one you read.`;

const CANCEL_HELP = `
Examples:
  waggle cancel last
  waggle cancel 3fa9 --wait 300
  waggle cancel 3fa9 --json

The receipt says what was stopped, what had finished, and which effects may have happened or not. Processes that
serve the run stop it. With none, what never began is closed here; what has begun waits for a process (exit code 3).`;

/** Adds the commands that answer for people, and control runs, to `program`. */
export function addControlCommands(
  program: Command,
  context: CommandContext,
  ended: (exitCode: number) => void,
): void {
  addPeople(program, context, ended);
  addRunControl(program, context, ended);
  program
    .command("agents")
    .description("list the agents that are there, how busy they are, and what waits for them")
    .option("--json", "as JSON")
    .showHelpAfterError("(see 'waggle agents --help')")
    .action(async (options: AgentsOptions) => {
      ended(await agentsCommand(options, context));
    });
  program
    .command("dead")
    .description("list messages that nobody handled, with the reason")
    .option("--json", "as JSON")
    .option("--limit <n>", "at most so many", "20")
    .showHelpAfterError("(see 'waggle dead --help')")
    .action(async (options: DeadOptions) => {
      ended(await deadCommand(options, context));
    });
}

function addPeople(
  program: Command,
  context: CommandContext,
  ended: (exitCode: number) => void,
): void {
  program
    .command("inbox")
    .description("list the questions that wait for people, and how to answer them")
    .option("--person <name>", "only those that are put to this person now")
    .option("--run <run>", `only those of one run: ${RUN_ARGUMENT}`)
    .option("--json", "as JSON")
    .showHelpAfterError("(see 'waggle inbox --help')")
    .addHelpText("after", INBOX_HELP)
    .action(async (options: InboxOptions) => {
      ended(await inboxCommand(options, context));
    });
  program
    .command("answer")
    .description("answer a question: yes or no, a choice, a text, or JSON")
    .argument("<id>", "of the question")
    .argument("<answer>", "yes, no, one of the choices, a text, or JSON (in quotes)")
    .option("--by <name>", "who answers (default: your user name)")
    .option("--reason <text>", "why")
    .option("--digest <hex>", "of the question as you read it: its first 16 digits, or more")
    .option("--json", "as JSON")
    .showHelpAfterError("(see 'waggle answer --help'; an answer of several words is put in quotes)")
    .addHelpText("after", ANSWER_HELP)
    .action(async (id: string, words: string, options: AnswerCommandOptions) => {
      ended(await answerCommand(id, words, options, context));
    });
}

function addRunControl(
  program: Command,
  context: CommandContext,
  ended: (exitCode: number) => void,
): void {
  program
    .command("cancel")
    .description("stop a run, and tell what became of it")
    .argument("<run>", RUN_ARGUMENT)
    .option("--wait <seconds>", "how long its end is waited for", "30")
    .option("--json", "as JSON")
    .showHelpAfterError("(see 'waggle cancel --help')")
    .addHelpText("after", CANCEL_HELP)
    .action(async (run: string, options: CancelOptions) => {
      ended(await cancelCommand(run, options, context));
    });
  program
    .command("pause")
    .description("let nothing of a run begin until it is resumed")
    .argument("<run>", RUN_ARGUMENT)
    .option("--json", "as JSON")
    .showHelpAfterError("(see 'waggle pause --help')")
    .action(async (run: string, options: GateOptions) => {
      ended(await pauseCommand(run, options, context));
    });
  program
    .command("resume")
    .description("let a paused run go on")
    .argument("<run>", RUN_ARGUMENT)
    .option("--json", "as JSON")
    .showHelpAfterError("(see 'waggle resume --help')")
    .action(async (run: string, options: GateOptions) => {
      ended(await resumeCommand(run, options, context));
    });
}
