/** Something that was done to a file, as the file recorder wrote it down. Files go by number: names change. */
export type FileOperation =
  | { readonly type: "create"; readonly file: number; readonly path: string }
  | { readonly type: "write"; readonly file: number; readonly at: number; readonly data: Buffer }
  | { readonly type: "truncate"; readonly file: number; readonly size: number }
  | { readonly type: "sync"; readonly file: number }
  | { readonly type: "sync-folder" }
  | { readonly type: "unlink"; readonly path: string }
  | { readonly type: "rename"; readonly from: string; readonly to: string };

const HEAD_BYTES = 32;

/** Reads what the file recorder wrote, in the order in which it happened. */
export function readFileTrace(bytes: Buffer): readonly FileOperation[] {
  const operations: FileOperation[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [kind, file, offset, length] = [0, 8, 16, 24].map((place) =>
      Number(bytes.readBigUInt64LE(at + place)),
    ) as [number, number, number, number];
    const end = at + HEAD_BYTES + length;
    if (end > bytes.length) throw new Error(`the trace ends within a record at byte ${at}`);
    operations.push(operation(kind, file, offset, bytes.subarray(at + HEAD_BYTES, end)));
    at = end;
  }
  return operations;
}

/** The numbers are those of `Kind` in file-recorder.cpp. */
function operation(kind: number, file: number, at: number, data: Buffer): FileOperation {
  const text = data.toString();
  const [from = "", to = ""] = text.split("\0");
  switch (kind) {
    case 1:
      return { type: "create", file, path: text };
    case 2:
      return { type: "write", file, at, data };
    case 3:
      return { type: "truncate", file, size: at };
    case 4:
      return { type: "sync", file };
    case 5:
      return { type: "sync-folder" };
    case 6:
      return { type: "unlink", path: text };
    case 7:
      return { type: "rename", from, to };
    default:
      throw new Error(`the trace holds a record of unknown kind ${kind}`);
  }
}
