import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { nodeClock, nodeRandom } from "../../../src/adapters/node/index.ts";
import { sqliteStore } from "../../../src/adapters/sqlite/index.ts";
import { seededRandom } from "../../../src/core/seeded-random.ts";
import type { Store } from "../../../src/ports/store.ts";
import { ANNE, append, apply, done } from "../../../src/testing/store-conformance/writes.ts";
import type { FileOperation } from "./file-trace.ts";
import type { StoreRecording } from "./record-store.ts";
import { recordedRoot, recordedText, SUM_CELL } from "./recorded-work.ts";
import { FATES, type Fate, type Image, TracedDisk } from "./traced-disk.ts";

/** What {@link cutPower} found. */
export interface PowerCutFigures {
  /** Images that were built and opened. */
  readonly images: number;
  /** Acknowledged appends that had to be in them, over all images. */
  readonly acknowledged: number;
  /** Images in which something was not as promised. */
  readonly broken: number;
  /** How many images it took to the first of those; null: there is none. */
  readonly firstBroken: number | null;
  /** The first few of those, in words. */
  readonly faults: readonly string[];
}

/** Where power is lost, and what a reader must find then. */
interface Cut {
  /** Number of operations that have happened. */
  readonly at: number;
  /** Highest acknowledged version by stream. */
  readonly acknowledged: ReadonlyMap<number, number>;
}

const MAX_FAULTS = 5;

/**
 * Builds `images` states in which a loss of power may have left the files of a recording: half of them at syncs,
 * at which most is at stake, half at random moments. Opens each with the real store and looks whether everything
 * acknowledged is there, gapless and right, each batch is there whole or not at all, and the store can be written.
 * @param folder - For the images; on a file system in memory this is several times faster.
 */
export async function cutPower(
  recording: StoreRecording,
  folder: string,
  images: number,
  seed: number,
): Promise<PowerCutFigures> {
  const random = seededRandom(seed);
  const figures = { images: 0, acknowledged: 0, broken: 0 };
  let firstBroken: number | null = null;
  const faults: string[] = [];
  const disk = new TracedDisk();
  let happened = 0;
  for (const cut of cuts(recording, images, random)) {
    for (; happened < cut.at; happened++) {
      const operation = recording.operations[happened];
      if (operation !== undefined) disk.apply(operation);
    }
    const fates = new Map<string, Fate>();
    const image = disk.imageAfterPowerLoss(chooseFates(fates, random), random);
    const fault = await faultOf(image, recording, join(folder, "image"), cut.acknowledged);
    figures.images++;
    for (const version of cut.acknowledged.values()) figures.acknowledged += version;
    if (fault === undefined) continue;
    figures.broken++;
    firstBroken ??= figures.images;
    const lost = [...fates]
      .filter(([path]) => path !== recording.acknowledgements)
      .map(([path, fate]) => `${basename(path) || "names"} ${fate}`);
    const where = `power lost after call ${cut.at} (${lost.join(", ")})`;
    if (faults.length < MAX_FAULTS) faults.push(`${where}: ${fault}`);
  }
  return { ...figures, firstBroken, faults };
}

/** In ascending order. */
function cuts(recording: StoreRecording, images: number, random: () => number): readonly Cut[] {
  const { operations } = recording;
  // Before each sync everything it was to save is still at stake; after it an acknowledgement may follow.
  const syncs = operations.flatMap(({ type }, at) =>
    type === "sync" || type === "sync-folder" ? [at, at + 1] : [],
  );
  const places = Array.from({ length: images }, (_, i) =>
    i % 2 === 0
      ? (syncs[Math.floor(random() * syncs.length)] ?? 0)
      : Math.floor(random() * (operations.length + 1)),
  ).sort((a, b) => a - b);
  const acknowledged = new Map<number, number>();
  const isAcknowledgement = acknowledgementsOf(recording);
  let happened = 0;
  return places.map((at) => {
    for (; happened < at; happened++) {
      const [stream, version] = isAcknowledgement(operations[happened]) ?? [];
      if (stream !== undefined && version !== undefined) acknowledged.set(stream, version);
    }
    return { at, acknowledged: new Map(acknowledged) };
  });
}

/** Tells of an operation the stream and version that it acknowledges, if it does. */
function acknowledgementsOf({
  operations,
  acknowledgements,
}: StoreRecording): (operation: FileOperation | undefined) => readonly number[] | undefined {
  const created = operations.find((one) => one.type === "create" && one.path === acknowledgements);
  const file = created?.type === "create" ? created.file : undefined;
  if (file === undefined) throw new Error("the recording holds no acknowledgements");
  return (operation) =>
    operation?.type === "write" && operation.file === file
      ? operation.data.toString().trim().split(" ").map(Number)
      : undefined;
}

function chooseFates(fates: Map<string, Fate>, random: () => number): (path: string) => Fate {
  const one = (): Fate => FATES[Math.floor(random() * FATES.length)] ?? "dropped";
  // Often one fate for all: the plain cases must be among them.
  const same = random() < 0.3 ? one() : undefined;
  return (path) => {
    const fate = fates.get(path) ?? same ?? one();
    fates.set(path, fate);
    return fate;
  };
}

async function faultOf(
  image: Image,
  recording: StoreRecording,
  folder: string,
  acknowledged: ReadonlyMap<number, number>,
): Promise<string | undefined> {
  mkdirSync(folder);
  try {
    for (const [path, contents] of image) {
      if (path !== recording.acknowledgements) {
        writeFileSync(join(folder, basename(path)), contents);
      }
    }
    const path = join(folder, basename(recording.path));
    return (await faultOfStore(path, recording.streams, acknowledged)) ?? corruption(path);
  } catch (error) {
    return `the store does not open or read: ${String(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function faultOfStore(
  path: string,
  streams: number,
  acknowledged: ReadonlyMap<number, number>,
): Promise<string | undefined> {
  const machine = { clock: nodeClock(), random: nodeRandom() };
  await using store = await sqliteStore(path, { durability: "process" })(machine);
  const versions: number[] = [];
  for (let stream = 0; stream < streams; stream++) {
    const there = await versionOf(store, stream);
    if (typeof there === "string") return there;
    const version = acknowledged.get(stream) ?? 0;
    if (there < version) return `stream ${stream} has ${there} of ${version} acknowledged appends`;
    versions.push(there);
  }
  const [cell] = await store.cells(SUM_CELL);
  const [counted, sum] = [cell?.amount ?? 0, versions.reduce((a, b) => a + b, 0)];
  // Both stand in one batch.
  if (counted !== sum) return `${counted} appends are counted, ${sum} are there`;
  const stream = versions.findIndex((version) => version > 0);
  const next = versions[stream];
  if (next !== undefined) {
    const text = recordedText(stream, next);
    await apply(store, ANNE, append(recordedRoot(stream), next, [text]));
  }
  return undefined;
}

/** How many events a stream has, or what is wrong with it. */
async function versionOf(store: Store, stream: number): Promise<number | string> {
  const loaded = await store.load(recordedRoot(stream));
  if (loaded === undefined) return 0;
  const { events, row } = loaded;
  if (row.version !== events.length)
    return `stream ${stream} has version ${row.version} and ${events.length} events`;
  const wrong = events.findIndex(
    ({ data }, version) => version > 0 && data !== done(recordedText(stream, version)).data,
  );
  return wrong === -1 ? events.length : `stream ${stream} holds something else at ${wrong}`;
}

function corruption(path: string): string | undefined {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const found = database.prepare("pragma integrity_check").get()?.["integrity_check"];
    return found === "ok" ? undefined : `SQLite finds fault with the file: ${String(found)}`;
  } finally {
    database.close();
  }
}
