import { tokenizeJs } from "./js-tokens.ts";

/**
 * Reads JSON that may hold comments and trailing commas, as tsconfig.json does.
 * @returns undefined when it is not even that.
 */
export function parseJsonWithComments(text: string): unknown {
  const tokens = tokenizeJs(text).filter((token) => token.type !== "comment");
  const parts = tokens.flatMap((token, i) => {
    const next = tokens[i + 1]?.value;
    if (token.type === "string") return [`"${token.value ?? ""}"`];
    const isTrailing = token.value === "," && (next === "}" || next === "]");
    return isTrailing ? [] : [token.value ?? ""];
  });
  try {
    return JSON.parse(parts.join(""));
  } catch {
    // Not readable: the caller treats it as having no settings, as the compiler's own defaults do.
    return undefined;
  }
}
