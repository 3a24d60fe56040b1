/** What the script of {@link startScript} writes to descriptor 3 first: everything before it has worked. */
export const STARTED = "started\n";

/**
 * A shell script that starts `argv` in `folder` with exactly the environment `env`. On descriptor 3 it writes
 * {@link STARTED}, then, if the program cannot be started, the reason. The program gets none of 3, 4 and 5.
 * Arguments and values stand in the script, not on a command line that others could read.
 */
export function startScript(
  argv: readonly [string, ...string[]],
  folder: string,
  env: Readonly<Record<string, string>>,
): string {
  const program = argv[0];
  const assignments = Object.entries(env).map(([name, value]) => quote(`${name}=${value}`));
  return `printf ${quote(STARTED)} >&3
fail() { printf %s "$1" >&3; exit 127; }
cd -- ${quote(folder)} || fail 'the folder cannot be entered'
set -f
PATH=${quote(env["PATH"] ?? "")}
program=${quote(program)}
${program.includes("/") ? CHECK_FILE : CHECK_PATH}
exec 3>&- 4>&- 5>&-
exec /usr/bin/env -i ${[...assignments, ...guard(argv).map(quote)].join(" ")}
`;
}

const CHECK_FILE = `[ -e "$program" ] || fail "'$program' does not exist"
[ -f "$program" ] && [ -x "$program" ] || fail "'$program' is no program"`;

const CHECK_PATH = `found=
IFS=:
for folder in $PATH; do
  if [ -f "$folder/$program" ] && [ -x "$folder/$program" ]; then found=1; break; fi
done
[ -n "$found" ] || fail "'$program' is in no folder of PATH"`;

/** `env` would take a program whose name holds `=` for an assignment, and one with a leading dash for an option. */
function guard(argv: readonly string[]): readonly string[] {
  const program = argv[0] ?? "";
  return /^-|=/.test(program) ? ["/bin/sh", "-c", 'exec "$0" "$@"', ...argv] : argv;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
