/** How the command ends, for scripts. A stable part of the command's face. */
export const EXIT: Readonly<
  Record<
    | "done"
    | "failOn"
    | "usage"
    | "runFailed"
    | "refused"
    | "hungUp"
    | "interrupted"
    | "pipeClosed"
    | "terminated",
    number
  >
> = {
  /** The work is done, also when the report has findings. */
  done: 0,
  /** The report has what `--fail-on` names. */
  failOn: 1,
  /** The arguments are wrong, or what they name cannot be used. Nothing was run. */
  usage: 2,
  /** The run failed, or cannot go on. */
  runFailed: 3,
  /** It is too late for it, somebody was first, or who asked may not do it. Nothing was changed. */
  refused: 4,
  hungUp: 129,
  interrupted: 130,
  /** Whoever read the output has closed it. */
  pipeClosed: 141,
  terminated: 143,
};

/** The exit codes as the help shows them. */
export const EXIT_HELP: string = `Exit codes:
  0    done, also when the report has findings
  1    the report has what --fail-on names
  2    wrong arguments, or a folder or ledger that cannot be used; nothing was run
  3    the run failed, or cannot go on
  4    refused: too late, somebody was first, or not permitted; nothing was changed
  129, 130, 143  stopped by a hang-up, Ctrl-C, a request to end; the run is kept
  141  whoever read the output closed it`;
