import { styleText } from "node:util";
import type { ProgressStream } from "./live-line.ts";
import { printable } from "./printable.ts";

/** A report's Markdown for reading: as it is, with headings and what is bold shown so where the stream has styles. */
export function reportText(markdown: string, stream: ProgressStream): string {
  const bold = (text: string): string => styleText("bold", text, { stream });
  if (bold("x") === "x") return printable(markdown);
  return printable(markdown)
    .split("\n")
    .map((line) =>
      /^#{1,6} /.test(line)
        ? bold(line)
        : line.replace(/\*\*([^*]+)\*\*/g, (_all, text) => bold(text)),
    )
    .join("\n");
}
