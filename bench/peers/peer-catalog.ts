/** Where the figure of a peer comes from. */
export type PeerSource = PeerProgram | PeerRecord;

/** One of the programs of this folder measures it. */
export interface PeerProgram {
  readonly type: "program";
  readonly peer: string;
  /** Its package; the version that is installed stands in programs/package.json. */
  readonly package: string;
  /** File in `programs`, and its arguments. */
  readonly command: readonly string[];
  /** Which of the figures that the program prints. */
  readonly figure: string;
  /** How often it is started: 3 where one process can measure only once. */
  readonly processes: number;
}

/** It needs a server; this is what it was measured at. */
interface PeerRecord {
  readonly type: "record";
  readonly peer: string;
  readonly value: number;
  readonly note: string;
}

/** When the figures of {@link PeerRecord} were measured. */
export const RECORDED_AT = "November 2026";

const LANGGRAPH = { peer: "LangGraph", package: "@langchain/langgraph", script: "langgraph.mjs" };
const MASTRA = { peer: "Mastra", package: "@mastra/core", script: "mastra.mjs" };
const VOLTAGENT = { peer: "VoltAgent", package: "@voltagent/core", script: "voltagent.mjs" };
const OPENAI = { peer: "OpenAI Agents", package: "@openai/agents", script: "openai-agents.mjs" };
const XSTATE = { peer: "xstate", package: "xstate", script: "xstate.mjs" };
const LANGGRAPH_SQLITE = { ...LANGGRAPH, peer: "LangGraph on SQLite" };
const MASTRA_LIBSQL = { ...MASTRA, peer: "Mastra on libSQL" };
const RESTATE = { peer: "Restate", package: "@restatedev/restate-sdk", script: "restate.mjs" };

function program(
  { peer, package: name, script }: typeof LANGGRAPH,
  figure: string,
  args: string,
  processes = 1,
): PeerProgram {
  const command = [script, ...args.split(" ").filter((word) => word !== "")];
  return { type: "program", peer, package: name, command, figure, processes };
}

function record(peer: string, value: number, note: string): PeerRecord {
  return { type: "record", peer, value, note };
}

const FSYNC = "fsync";
const FAN_OUT_MEMORY: readonly PeerSource[] = [
  program(MASTRA, "plan", "fan-out none"),
  program(VOLTAGENT, "plan", "fan-out"),
  program(LANGGRAPH, "plan", "fan-out none"),
];
const FAN_OUT_FSYNC: readonly PeerSource[] = [
  program(RESTATE, "plan", "fan-out"),
  record("LangGraph on PostgreSQL", 92, FSYNC),
  record("DBOS on PostgreSQL", 100, FSYNC),
];

/** Who is measured beside which row; the best known one first. Rows without an entry have no peer. */
export const PEERS: Readonly<Record<string, readonly PeerSource[]>> = {
  "memory-step": [
    program(MASTRA, "steps", "steps none 1 1000"),
    program(VOLTAGENT, "steps", "steps 1 200"),
    program(LANGGRAPH, "steps", "steps none 1 500"),
    program(OPENAI, "turns", ""),
    program(XSTATE, "steps", "1 5000"),
  ],
  "fsync-1-run": [
    program(RESTATE, "steps", "steps 1 100"),
    record("DBOS on PostgreSQL", 668, FSYNC),
    record("LangGraph on PostgreSQL", 564, FSYNC),
  ],
  "fsync-100-runs": [
    program(RESTATE, "steps", "steps 100 400"),
    record("DBOS on PostgreSQL", 1_665, FSYNC),
    record("LangGraph on PostgreSQL", 933, FSYNC),
  ],
  "no-fsync-1-run": [
    program(MASTRA_LIBSQL, "steps", "steps libsql 1 200"),
    program(LANGGRAPH_SQLITE, "steps", "steps sqlite 1 100"),
  ],
  "no-fsync-100-runs": [
    program(LANGGRAPH_SQLITE, "steps", "steps sqlite 100 200"),
    program(MASTRA_LIBSQL, "steps", "steps libsql 100 200"),
  ],
  "fan-out-memory": FAN_OUT_MEMORY,
  "fan-out-agents-memory": FAN_OUT_MEMORY,
  "fan-out-fsync": FAN_OUT_FSYNC,
  "fan-out-agents-fsync": FAN_OUT_FSYNC,
  "request-reply-fsync": [
    record("BullMQ on Redis", 3_818, "written to disk every second, no fsync before the answer"),
    record(
      "pg-boss on PostgreSQL",
      2_403,
      `${FSYNC}; jobs sent, fetched and completed, without an answer`,
    ),
  ],
  "request-reply-memory": [
    record("NATS", 37_287, "through a server on the same machine; nothing is kept"),
  ],
  "waiting-run": [
    program(MASTRA, "heap", "waiting none", 3),
    program(LANGGRAPH, "heap", "waiting none", 3),
  ],
  "conversation-time": [
    program(LANGGRAPH, "time", "conversation none", 3),
    program(LANGGRAPH_SQLITE, "time", "conversation sqlite", 3),
  ],
  "conversation-bytes": [program(LANGGRAPH_SQLITE, "bytes", "conversation sqlite", 3)],
  simulator: [record("fast-check", 31_934, "short schedules, no crashes, schedules do not shrink")],
};
