/** JSON text of plain data with the properties in code-unit order: equal data, equal text. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_name, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(
      Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  });
}
