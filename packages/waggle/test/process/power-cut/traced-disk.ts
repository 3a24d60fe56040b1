import type { FileOperation } from "./file-trace.ts";

/** The least that a disk writes whole. */
const SECTOR_BYTES = 512;

/** What changes the contents of a file. */
type Change = Extract<FileOperation, { type: "write" | "truncate" }>;
/** What changes the names in the folder. */
type Naming = Extract<FileOperation, { type: "create" | "unlink" | "rename" }>;

/**
 * What becomes of what was not synced: all of it arrives; none; a prefix whose last write is torn at a sector;
 * any subset of the writes; or each sector has the state it had after some of the writes.
 */
export const FATES = ["kept", "dropped", "torn", "subset", "sectors"] as const;

export type Fate = (typeof FATES)[number];

/** Files by path, as they are found after a loss of power. */
export type Image = ReadonlyMap<string, Buffer>;

class TracedFile {
  durable: Buffer = Buffer.alloc(0);
  pending: Change[] = [];
}

/**
 * A disk that goes through a trace: what was synced stays, and of the rest anything may be lost. Names follow
 * the folder's own syncs, in order, as in every journaling file system; contents follow those of their file.
 */
export class TracedDisk {
  readonly #files = new Map<number, TracedFile>();
  readonly #names = new Map<string, number>();
  #unsyncedNames: Naming[] = [];

  /** The next operation of the trace has happened. */
  apply(operation: FileOperation): void {
    switch (operation.type) {
      case "create":
        this.#files.set(operation.file, new TracedFile());
        this.#unsyncedNames.push(operation);
        return;
      case "unlink":
      case "rename":
        this.#unsyncedNames.push(operation);
        return;
      case "write":
      case "truncate":
        this.#file(operation.file).pending.push(operation);
        return;
      case "sync": {
        const file = this.#file(operation.file);
        file.durable = contentsAfter(file.durable, file.pending);
        file.pending = [];
        return;
      }
      case "sync-folder":
        for (const naming of this.#unsyncedNames) rename(this.#names, naming);
        this.#unsyncedNames = [];
    }
  }

  /** The files if power is lost now; `choose` decides the fate of each file's contents and, for "", of the names. */
  imageAfterPowerLoss(choose: (path: string) => Fate, random: () => number): Image {
    const names = new Map(this.#names);
    const fate = choose("");
    const arrived = fate === "kept" ? 1 : fate === "dropped" ? 0 : random();
    const count = Math.round(arrived * this.#unsyncedNames.length);
    for (const naming of this.#unsyncedNames.slice(0, count)) rename(names, naming);
    return new Map(
      [...names].map(([path, number]) => {
        const { durable, pending } = this.#file(number);
        return [path, afterFate(choose(path), durable, pending, random)];
      }),
    );
  }

  #file(number: number): TracedFile {
    const file = this.#files.get(number);
    if (file === undefined) throw new Error(`the trace names file ${number} before it creates it`);
    return file;
  }
}

function rename(names: Map<string, number>, naming: Naming): void {
  if (naming.type === "create") {
    names.set(naming.path, naming.file);
    return;
  }
  const gone = naming.type === "unlink" ? naming.path : naming.from;
  const file = names.get(gone);
  names.delete(gone);
  if (naming.type === "rename" && file !== undefined) names.set(naming.to, file);
}

function afterFate(
  fate: Fate,
  durable: Buffer,
  pending: readonly Change[],
  random: () => number,
): Buffer {
  switch (fate) {
    case "kept":
      return contentsAfter(durable, pending);
    case "dropped":
      return contentsAfter(durable, []);
    case "torn":
      return torn(durable, pending, random);
    case "subset":
      return contentsAfter(
        durable,
        pending.filter(() => random() < 0.5),
      );
    case "sectors":
      return sectors(durable, pending, random);
  }
}

/** A fresh buffer. */
function contentsAfter(before: Buffer, changes: readonly Change[]): Buffer {
  let size = before.length;
  let capacity = size;
  for (const change of changes) {
    size = change.type === "write" ? Math.max(size, end(change)) : change.size;
    capacity = Math.max(capacity, size);
  }
  const contents = Buffer.alloc(capacity);
  before.copy(contents);
  size = before.length;
  for (const change of changes) {
    if (change.type === "write") {
      change.data.copy(contents, change.at);
      size = Math.max(size, end(change));
    } else {
      // What is cut off reads as zeros when the file grows again.
      if (change.size < size) contents.fill(0, change.size, size);
      size = change.size;
    }
  }
  return contents.subarray(0, size);
}

function end(change: Extract<Change, { type: "write" }>): number {
  return change.at + change.data.length;
}

function torn(durable: Buffer, pending: readonly Change[], random: () => number): Buffer {
  const whole = Math.floor(random() * pending.length);
  const before = pending.slice(0, whole);
  const last = pending[whole];
  if (last?.type !== "write") return contentsAfter(durable, before);
  const sectorsInIt = Math.ceil(last.data.length / SECTOR_BYTES);
  const from = Math.floor(last.at / SECTOR_BYTES);
  const cut = (from + Math.floor(random() * (sectorsInIt + 1))) * SECTOR_BYTES - last.at;
  const data = last.data.subarray(0, Math.max(0, Math.min(cut, last.data.length)));
  return contentsAfter(durable, data.length === 0 ? before : [...before, { ...last, data }]);
}

/** Each sector as it was after some number of the changes; the length as it was after some number, too. */
function sectors(durable: Buffer, pending: readonly Change[], random: () => number): Buffer {
  const { length } = pending;
  const some = (): number => {
    const draw = random();
    return draw < 0.35 ? 0 : draw < 0.7 ? length : Math.floor(random() * (length + 1));
  };
  const known = new Map<number, Buffer>();
  const after = (count: number): Buffer => {
    const made = known.get(count) ?? contentsAfter(durable, pending.slice(0, count));
    known.set(count, made);
    return made;
  };
  const image = Buffer.alloc(after(some()).length);
  for (let at = 0; at < image.length; at += SECTOR_BYTES) {
    image.set(after(some()).subarray(at, Math.min(at + SECTOR_BYTES, image.length)), at);
  }
  return image;
}
