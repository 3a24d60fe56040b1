import { runtimeError } from "../../../../src/core/errors.ts";
import type { Workspace } from "../../../../src/ports/workspace.ts";

/** The root of every {@link memoryWorkspace}. */
export const ROOT: string = "/project";

/** A file: its text, or a size of text that is not kept, or bytes that are no text, or something unreadable. */
export type MemoryFile =
  | string
  | { readonly sizeBytes: number }
  | "binary\0"
  | { readonly unreadable: string };

/** A workspace with one folder, {@link ROOT}, that holds `files` by path. */
export function memoryWorkspace(files: Readonly<Record<string, MemoryFile>>): Workspace {
  const paths = Object.keys(files).sort();
  const check = (root: string): void => {
    if (root !== ROOT) throw runtimeError("NOT_FOUND", `no folder '${root}'`);
  };
  return {
    async list(root, { limit = 20_000 } = {}) {
      check(root);
      const visible = paths.filter((path) => !path.includes("node_modules/"));
      const regular = visible.flatMap((path) => {
        const file = files[path];
        if (file === undefined || (typeof file === "object" && "unreadable" in file)) return [];
        return [{ path, sizeBytes: typeof file === "string" ? file.length : file.sizeBytes }];
      });
      return {
        files: regular.slice(0, limit),
        skippedFolders: paths.some((path) => path.startsWith("node_modules/"))
          ? ["node_modules"]
          : [],
        unreadable: visible.flatMap((path) => {
          const file = files[path];
          return typeof file === "object" && "unreadable" in file
            ? [{ path, reason: file.unreadable }]
            : [];
        }),
        truncated: regular.length > limit,
      };
    },
    async readText(root, path) {
      check(root);
      const file = Object.hasOwn(files, path) ? files[path] : undefined;
      if (file === undefined) throw runtimeError("NOT_FOUND", `no file '${path}'`);
      return typeof file === "string" && !file.includes("\0") ? file : null;
    },
    async exists(root, path) {
      check(root);
      return paths.some((other) => other === path || other.startsWith(`${path}/`));
    },
  };
}
