import { clipped, type Finding } from "../finding.ts";
import { isLockFile, isMinified, roleOf } from "../folder/file-role.ts";
import { describeUnread, type ProjectFiles } from "../folder/project-files.ts";
import { findComments } from "../source/comments.ts";
import { languageOf } from "../source/languages.ts";

/** The words that mark something left undone. */
type TodoTag = "TODO" | "FIXME" | "XXX" | "HACK";

/** One mark in a comment. */
export interface TodoItem {
  readonly tag: TodoTag;
  readonly file: string;
  readonly line: number;
  /** The rest of its line, at most 160 UTF-16 units. */
  readonly text: string;
}

/** What {@link findTodos} saw. */
export interface TodoReport {
  readonly kind: "todos";
  readonly counts: Readonly<Record<TodoTag, number>>;
  /** By file and line; at most 300. */
  readonly items: readonly TodoItem[];
  readonly filesRead: number;
  readonly findings: readonly Finding[];
  /** What was left out and why, in sentences. */
  readonly notDone: readonly string[];
}

const MAX_ITEMS = 300;
const MAX_TEXT = 160;

/**
 * Finds TODO, FIXME, XXX and HACK in the comments of every file whose comment syntax we know. Only in capitals,
 * and only where the word begins its line of the comment or is followed by `:` or `(`, so that prose about
 * such marks is not counted. Lock files, minified and generated files are not read.
 */
export async function findTodos(files: ProjectFiles): Promise<TodoReport> {
  const items: TodoItem[] = [];
  let filesRead = 0;
  const unread = await files.each(
    ({ path }) =>
      (languageOf(path)?.comments ?? null) !== null &&
      !isLockFile(path) &&
      !isMinified(path) &&
      roleOf(path) !== "generated",
    ({ path, text }) => {
      filesRead++;
      items.push(...todosIn(path, text));
    },
  );
  const kept = items.slice(0, MAX_ITEMS);
  return {
    kind: "todos",
    counts: {
      TODO: items.filter((item) => item.tag === "TODO").length,
      FIXME: items.filter((item) => item.tag === "FIXME").length,
      XXX: items.filter((item) => item.tag === "XXX").length,
      HACK: items.filter((item) => item.tag === "HACK").length,
    },
    items: kept,
    filesRead,
    findings: kept.map(findingOf),
    notDone: [
      ...describeUnread(unread, "searched for TODOs"),
      ...(items.length > kept.length
        ? [`${items.length - kept.length} more TODO comments are counted but not listed`]
        : []),
    ],
  };
}

/** The marks in one file, by line. */
export function todosIn(path: string, text: string): readonly TodoItem[] {
  const language = languageOf(path);
  if (language === null) return [];
  return findComments(text, language).flatMap((comment) =>
    comment.text.split("\n").flatMap((line, i) => {
      const found = todoIn(line);
      return found === null ? [] : [{ ...found, file: path, line: comment.line + i }];
    }),
  );
}

const AT_START = /^[\s*/#;!@\-–—>]*\b(TODO|FIXME|XXX|HACK)\b(.*)$/;
const MARKED = /\b(TODO|FIXME|XXX|HACK)(?=\(|:)(.*)$/;

function todoIn(line: string): Pick<TodoItem, "tag" | "text"> | null {
  const found = AT_START.exec(line) ?? MARKED.exec(line);
  if (found === null) return null;
  const text = (found[2] ?? "").replace(/^[\s:–—-]+/, "").replace(/[\s*/]+$/, "");
  return { tag: found[1] as TodoTag, text: clipped(text, MAX_TEXT) };
}

function findingOf(item: TodoItem): Finding {
  return {
    severity: item.tag === "TODO" ? "info" : "low",
    category: "todo",
    title: item.text === "" ? item.tag : `${item.tag}: ${item.text}`,
    detail: `a comment marks something left undone (${item.tag})`,
    file: item.file,
    line: item.line,
    confidence: "high",
  };
}
