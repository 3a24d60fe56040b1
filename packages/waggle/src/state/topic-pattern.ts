import { runtimeError } from "../core/errors.ts";
import type { Topic } from "./topic.ts";

/** Which events: of one topic, or of all topics that match a pattern. */
export type TopicSelector = Topic | string;

const PATTERN = /^([a-zA-Z0-9_-]+|\*)(\.([a-zA-Z0-9_-]+|\*))*(\.>)?$|^>$/;
const MAX_PATTERN_LENGTH = 200;

/**
 * The pattern behind a selector. In a pattern `*` stands for one segment, and `>` at its end for one or more:
 * `orders.*` matches `orders.created`, `orders.>` also `orders.created.eu`, and neither matches `orders`.
 * @throws RuntimeError `USAGE` for what is no pattern.
 */
export function patternOf(selector: TopicSelector): string {
  if (typeof selector !== "string") return selector.name;
  if (PATTERN.test(selector) && selector.length <= MAX_PATTERN_LENGTH) return selector;
  throw runtimeError(
    "USAGE",
    `topic pattern ${JSON.stringify(selector)} is no list of names or '*' with dots between them, '>' only at the end, of ${MAX_PATTERN_LENGTH} characters at most`,
  );
}

/** True if the topic called `name` matches `pattern`. */
export function matchesTopic(pattern: string, name: string): boolean {
  const wanted = pattern.split(".");
  const found = name.split(".");
  for (const [i, segment] of wanted.entries()) {
    if (segment === ">") return found.length > i;
    if (found[i] === undefined || (segment !== "*" && segment !== found[i])) return false;
  }
  return found.length === wanted.length;
}

/** What of a log has to be read to find all that matches: one key, or the keys with a prefix. */
export function patternQuery(
  pattern: string,
): { readonly key: string } | { readonly prefix: string } {
  const wild = pattern.search(/[*>]/);
  if (wild < 0) return { key: pattern };
  return { prefix: pattern.slice(0, wild) };
}
