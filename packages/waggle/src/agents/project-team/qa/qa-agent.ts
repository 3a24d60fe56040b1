import { z } from "zod";
import { type Contract, contract } from "../../../core/contract.ts";
import type { CommandLimits, SandboxOffer } from "../../../ports/sandbox.ts";
import type { Workspace } from "../../../ports/workspace.ts";
import { type AgentDefinition, agent } from "../../../runtime/agent.ts";
import { findingSchema } from "../finding.ts";
import { ProjectFiles } from "../folder/project-files.ts";
import { analyseDependencies } from "../researcher/dependencies.ts";
import { judgeRun, missingPackages, noTests, notRun } from "./judge-tests.ts";
import { missingForTests } from "./needed-packages.ts";
import { runTests, type TestRun } from "./run-tests.ts";
import { findTestCommand, type TestCommand } from "./test-command.ts";
import type { TestReport } from "./test-report.ts";

/** What QA is asked. */
export interface TestInput {
  /** Absolute path. */
  readonly folder: string;
  /** Install missing dependencies in QA's own copy of the folder, over the network. Default false. */
  readonly install: boolean;
  /** Run where nothing isolates the tests from the machine. Default false. */
  readonly allowUnsandboxed: boolean;
  /** Limits of the test run and of the installation, each. Default: {@link TEST_LIMITS}. */
  readonly limits: TestLimits;
}

/** Limits of a test run; see {@link CommandLimits}. */
type TestLimits = Required<Omit<CommandLimits, "outputBytes">>;

/** {@link TestInput} as a caller gives it; what is left out has its default. */
export interface TestRequest {
  readonly folder: string;
  readonly install?: boolean | undefined;
  readonly allowUnsandboxed?: boolean | undefined;
  readonly limits?:
    | {
        readonly wallMs?: number | undefined;
        readonly cpuSeconds?: number | undefined;
        readonly memoryBytes?: number | undefined;
        readonly processes?: number | undefined;
      }
    | undefined;
}

/** Five minutes, ten minutes of processor time, 2 GiB, 1,024 processes and threads. */
const TEST_LIMITS: TestLimits = {
  wallMs: 300_000,
  cpuSeconds: 600,
  memoryBytes: 2 * 1024 * 1024 * 1024,
  processes: 1_024,
};

const positive = z.number().int().positive();

const inputSchema: z.ZodType<TestInput, TestRequest> = z.object({
  folder: z.string().min(1),
  install: z.boolean().default(false),
  allowUnsandboxed: z.boolean().default(false),
  limits: z
    .object({
      wallMs: positive.default(TEST_LIMITS.wallMs),
      cpuSeconds: positive.default(TEST_LIMITS.cpuSeconds),
      memoryBytes: positive.default(TEST_LIMITS.memoryBytes),
      processes: positive.default(TEST_LIMITS.processes),
    })
    .default(TEST_LIMITS),
});

const endSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("exited"), code: z.number().int() }),
  z.object({ type: z.literal("signaled"), signal: z.string() }),
  z.object({ type: z.literal("limit"), limit: z.enum(["wall", "cpu", "memory", "processes"]) }),
  z.object({ type: z.literal("unstartable"), reason: z.string() }),
]);
const count = z.number().int().min(0);

/** Checks a {@link TestReport}. */
export const testReportSchema: z.ZodType<TestReport, TestReport> = z.object({
  kind: z.literal("tests"),
  status: z.enum(["passed", "failed", "stopped", "not-run", "no-tests"]),
  reason: z.string(),
  remedy: z.string().nullable(),
  command: z.string().nullable(),
  source: z.string().nullable(),
  format: z.string().nullable(),
  unit: z.enum(["tests", "assertions", "checks"]),
  counts: z.object({ passed: count, failed: count, skipped: count, todo: count }).nullable(),
  failures: z.array(
    z.object({
      name: z.string(),
      file: z.string().nullable(),
      line: z.number().int().nullable(),
      message: z.string(),
    }),
  ),
  failuresLeftOut: count,
  end: endSchema.nullable(),
  install: z
    .object({
      command: z.string(),
      isOk: z.boolean(),
      end: endSchema,
      outputTail: z.string(),
      durationMs: z.number(),
    })
    .nullable(),
  missing: z.array(z.string()),
  sandbox: z.string().nullable(),
  ranUnsandboxed: z.boolean(),
  outputTail: z.string(),
  durationMs: z.number(),
  findings: z.array(findingSchema),
  notDone: z.array(z.string()),
});

/** What QA can be asked: run a project's own tests and tell how they stand. */
export const qa: Contract<{
  readonly test: {
    readonly input: z.ZodType<TestInput, TestRequest>;
    readonly output: z.ZodType<TestReport, TestReport>;
  };
}> = contract("qa", { test: { input: inputSchema, output: testReportSchema } });

/** What looking at the folder told about its tests. */
interface Detected {
  readonly command: TestCommand;
  readonly missing: readonly string[];
  /**
   * What there is to run them in. Part of the record: a sandbox that comes or goes between a crash and the restart
   * must not lead the handler another way.
   */
  readonly walls: Walls;
}

/** A sandbox and what it is called, or why nothing may be run. */
type Walls =
  | {
      readonly type: "usable";
      readonly description: string;
      readonly isolation: "namespaces" | "none";
    }
  | { readonly type: "refused"; readonly reason: string; readonly remedy: string };

/**
 * The agent that runs tests, through `workspace` and in what `sandbox` offers. A crash repeats at most one of its
 * two steps: looking, and running (which works on a copy that is thrown away).
 */
export function qaAgent(workspace: Workspace, sandbox: SandboxOffer): AgentDefinition {
  return agent(
    qa,
    {
      async test(ctx, input) {
        const { command, missing, walls } = await ctx.step("find the tests", async (step) => ({
          ...(await detect(workspace, input.folder, step.signal)),
          walls: wallsOf(sandbox, input.allowUnsandboxed),
        }));
        if (command.type === "none") return noTests(command.reason);
        if (command.type === "unknown") return notRun(command.reason, command.remedy);
        const known = { command: command.argv.join(" "), source: command.source, missing };
        if (walls.type === "refused") return notRun(walls.reason, walls.remedy, known);
        if (missing.length > 0 && !input.install) {
          const { reason, remedy } = missingPackages(missing);
          return notRun(reason, remedy, known);
        }
        const run = await ctx.step("run the tests", (step) =>
          runIn(sandbox, input, command.argv, missing.length > 0, step.signal),
        );
        return reportOf(run, command, input, walls, known);
      },
    },
    { capabilities: ["run-tests"], concurrency: 2 },
  );
}

async function detect(
  workspace: Workspace,
  folder: string,
  signal: AbortSignal,
): Promise<Omit<Detected, "walls">> {
  const files = await ProjectFiles.open(workspace, folder, signal);
  const command = await findTestCommand(files);
  if (command.type !== "command") return { command, missing: [] };
  return { command, missing: missingForTests(await analyseDependencies(files), command.chain) };
}

function wallsOf(offer: SandboxOffer, allowUnsandboxed: boolean): Walls {
  if (offer.type === "missing") {
    const reason = `no sandbox is available here: ${offer.reason}`;
    return { type: "refused", reason, remedy: offer.remedy };
  }
  const { isolation, description } = offer.sandbox.capabilities;
  if (isolation !== "none" || allowUnsandboxed) return { type: "usable", description, isolation };
  return {
    type: "refused",
    reason: "nothing here isolates the tests from the machine",
    remedy: "install a sandbox, or allow running without one if you trust this project",
  };
}

async function runIn(
  offer: SandboxOffer,
  input: TestInput,
  argv: readonly [string, ...string[]],
  install: boolean,
  signal: AbortSignal,
): Promise<TestRun> {
  if (offer.type === "missing") return { type: "not-opened", reason: offer.reason };
  return await runTests(offer.sandbox, input.folder, {
    argv,
    install,
    limits: input.limits,
    signal,
  });
}

function reportOf(
  run: TestRun,
  command: Extract<TestCommand, { readonly type: "command" }>,
  input: TestInput,
  walls: Extract<Walls, { readonly type: "usable" }>,
  known: Pick<TestReport, "command" | "source" | "missing">,
): TestReport {
  if (run.type === "not-opened") {
    return notRun(`the sandbox did not take the folder: ${run.reason}`, null, known);
  }
  if (run.type === "install-failed") {
    return notRun(
      `the dependencies could not be installed${causeOf(run.install.outputTail)}`,
      "see the end of npm's output, and install them in the folder yourself",
      { ...known, install: run.install, outputTail: run.install.outputTail },
    );
  }
  return judgeRun(run, command, input.limits, walls);
}

/** The first line in which npm says what went wrong. */
function causeOf(output: string): string {
  const line = /^npm error (code .*)$/m.exec(output)?.[1];
  return line === undefined ? "" : ` (npm error ${line})`;
}
