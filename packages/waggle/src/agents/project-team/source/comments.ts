import { tokenizeJs } from "./js-tokens.ts";
import type { CommentSyntax, Language } from "./languages.ts";

/** The text of one comment without its markers. */
export interface Comment {
  /** Line of its first character, from 1. */
  readonly line: number;
  /** May span lines. */
  readonly text: string;
}

/** The comments of a file, in order; none for a language whose comments we don't know. */
export function findComments(text: string, language: Language): readonly Comment[] {
  if (language.comments === null) return [];
  if (language.comments !== "js") return scan(text, language.comments);
  return tokenizeJs(text)
    .filter((token) => token.type === "comment")
    .map((token) => ({ line: token.line, text: token.value ?? "" }));
}

function scan(text: string, syntax: CommentSyntax): readonly Comment[] {
  const comments: Comment[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const comment = commentAt(text, at, syntax);
    if (comment !== null) comments.push({ line, text: comment.text });
    const end = comment?.end ?? stringEnd(text, at, syntax) ?? at + 1;
    for (let i = at; i < end; i++) if (text[i] === "\n") line++;
    at = end;
  }
  return comments;
}

function commentAt(
  text: string,
  at: number,
  syntax: CommentSyntax,
): { readonly text: string; readonly end: number } | null {
  for (const [open, close] of syntax.block) {
    if (!text.startsWith(open, at)) continue;
    const found = text.indexOf(close, at + open.length);
    const end = found === -1 ? text.length : found;
    return {
      text: text.slice(at + open.length, end),
      end: Math.min(end + close.length, text.length),
    };
  }
  const marker = syntax.line.find((candidate) => text.startsWith(candidate, at));
  if (marker === undefined || !mayStartLineComment(text, at, marker)) return null;
  const found = text.indexOf("\n", at);
  const end = found === -1 ? text.length : found;
  return { text: text.slice(at + marker.length, end), end };
}

function mayStartLineComment(text: string, at: number, marker: string): boolean {
  const before = at === 0 ? "\n" : text.charAt(at - 1);
  // `$#` and `${a#b}` of a shell and colours of a style sheet are no comments; nor is the `//` of `https://`.
  if (marker === "#") return /\s/.test(before);
  return before !== ":";
}

/** The end of the string that begins at `at`; null if none does. Only tripled and back quotes span lines. */
function stringEnd(text: string, at: number, syntax: CommentSyntax): number | null {
  const quote = syntax.strings.find((candidate) => text.startsWith(candidate, at));
  if (quote === undefined) return null;
  const spans = quote.length > 1 || quote === "`";
  let end = at + quote.length;
  while (end < text.length && !text.startsWith(quote, end)) {
    if (text[end] === "\n" && !spans) return end;
    end += text[end] === "\\" ? 2 : 1;
  }
  return Math.min(end + quote.length, text.length);
}
