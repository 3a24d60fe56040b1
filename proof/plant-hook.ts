import { registerHooks } from "node:module";

// Preloaded into a process that hunts a planted bug: replaces one place in one source file as it is loaded.
// So the bug is planted in the real code, and nothing in the real code knows of it.

/** One place of a bug, as text to replace in a file of the package's `src`. */
export interface Edit {
  /** Relative to `packages/waggle/src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

const edits = JSON.parse(process.env["WAGGLE_PLANT"] ?? "[]") as readonly Edit[];
const source = new URL("../packages/waggle/src/", import.meta.url);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const own = edits.filter(({ file }) => url === new URL(file, source).href);
    if (own.length === 0) return loaded;
    let text = Buffer.from(loaded.source as Uint8Array).toString("utf8");
    for (const { file, find, replace } of own) {
      const places = text.split(find).length - 1;
      if (places !== 1) throw new Error(`a plant fits ${places} places of ${file}, not 1: ${find}`);
      text = text.replace(find, () => replace);
    }
    return { ...loaded, source: text };
  },
});
