import { stripVTControlCharacters } from "node:util";

/** Control characters other than line break and tab, and those that turn the direction of writing. */
const UNPRINTABLE = /[^\P{Cc}\n\t]|\p{Bidi_Control}/gu;

/**
 * `text` without what would act on a terminal. Reports quote files and test output of strangers, so nothing
 * of them reaches a screen otherwise.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll("\r\n", "\n").replace(UNPRINTABLE, "\uFFFD");
}

/** `text` as one printable line of at most `limit` UTF-16 units. */
export function oneLine(text: string, limit: number = 200): string {
  const line = printable(text).replace(/\s+/g, " ").trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 3)}...`;
}

/** `1 step`, `2 steps`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
