/** What node:test says of a file that failed outside its tests. */
const SAYS_NOTHING = /^(?:Error: )?'?(?:test failed|test code failure)'?$/i;

/**
 * A better message for a test file that failed as a whole, which node:test only calls `test failed`: the error
 * printed earlier that names the file, otherwise a sentence that says what is known.
 * @param place - Text that holds the file's path, followed by line and column.
 */
export function causeOf(message: string, place: string, text: string): string {
  if (!SAYS_NOTHING.test(message.trim())) return message;
  const file = /([^\s'"]+?):\d+:\d+/.exec(place)?.[1] ?? "";
  const lines = text.split("\n").map((line) => line.replace(/^# /, ""));
  const found = lines.findIndex(
    (line, i) =>
      /^(Uncaught )?\w*Error\b.*: /.test(line) &&
      file !== "" &&
      lines.slice(i, i + 15).some((other) => other.includes(file)),
  );
  return (
    lines[found] ?? "the file failed outside its tests: it does not load, or it ended with an error"
  );
}
