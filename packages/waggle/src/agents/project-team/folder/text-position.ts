/** A place in a text, both from 1; columns count UTF-16 units. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Line and column of `offset` in `text`. */
export function positionAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset);
  return { line: lineCount(before), column: offset - before.lastIndexOf("\n") };
}

/** Number of line breaks plus 1. */
function lineCount(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** Lines as an editor counts them: a final line break ends the last line instead of starting one. */
export function countLines(text: string): number {
  if (text === "") return 0;
  return text.endsWith("\n") ? lineCount(text) - 1 : lineCount(text);
}
