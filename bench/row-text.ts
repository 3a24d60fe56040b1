import type { BenchRow, FailedRow } from "./measure.ts";
import type { PeerFigure } from "./peers/peer-figure.ts";

const INDENT = 24;

/** A row as people read it: some lines, no line feed at the end. */
export function rowText(row: BenchRow | FailedRow): string {
  if ("failed" in row) return line(row.row, `NOT MEASURED: ${row.failed}`);
  const { value, unit, goal, better, met, durability, note, peers = [] } = row;
  const limit = better === "more" ? "at least" : "at most";
  const verdict = met ? "met" : `MISSED by ${figure(Number(missedBy(row).toPrecision(2)))} %`;
  return [
    line(
      row.row,
      `${figure(value)} ${unit} [${durability}], goal ${limit} ${figure(goal)}: ${verdict}`,
    ),
    line("", `${rawText(row)}; runs ${row.runs.map(figure).join(" / ")}`),
    ...(note === undefined ? [] : [line("", note)]),
    ...peers.map((peer) => line("", peerText(peer))),
  ].join("\n");
}

/** By how many percent of the goal the value is on its wrong side. */
function missedBy({ value, goal }: BenchRow): number {
  return (100 * Math.abs(value - goal)) / goal;
}

function rawText({ value, better, raw }: BenchRow): string {
  const limit = `${figure(raw.value)} ${raw.what}`;
  if (raw.value === 0 || value === 0) return `raw limit ${limit}`;
  const share =
    better === "more"
      ? `${figure(Number(((100 * value) / raw.value).toPrecision(2)))} % of`
      : `${figure(Number((value / raw.value).toPrecision(2)))} times`;
  return `${share} the raw ${limit}`;
}

function peerText(peer: PeerFigure): string {
  if (peer.type === "failed") return `${peer.peer}: not measured: ${peer.reason}`;
  const name =
    peer.type === "measured" ? `${peer.peer} ${peer.version}` : `${peer.peer} (${peer.at})`;
  const times =
    peer.timesBetter === null ? "" : `, ours is ${figure(peer.timesBetter)} times as good`;
  return `${name}: ${figure(peer.value)}${times} [${peer.note}]`;
}

function line(name: string, text: string): string {
  return `${name.padEnd(INDENT - 1)} ${text}`;
}

function figure(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: value >= 1_000 ? 12 : 4 });
}
