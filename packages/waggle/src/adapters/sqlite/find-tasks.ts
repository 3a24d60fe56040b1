import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { TaskQuery } from "../../ports/store.ts";
import { taskStateCode } from "./codes.ts";
import type { Row } from "./rows.ts";
import { taskBytes } from "./task-bytes.ts";

const TASK_COLUMNS = `t.n, t.id, r.id as run, t.parent, t.path, t.awaited, t.agent, t.operation, t.priority,
  t.hops, t.key, t.deadline, t.state, h.id as owner, t.due, t.inbox, t.claims, t.claims_at, t.outside, t.code, t.first,
  t.origin, r.gate, r.paused_ms`;
const TASKS = "tasks t join runs r on r.n = t.run left join hosts h on h.n = t.owner";
const PLACED_VERSION =
  "coalesce((select max(p.version) from event_places p where p.task = t.n), 0)";

/** The text that reads one task by its id, as a row for `taskRow` but for its version: its events tell that. */
export const TASK_TEXT: string = `select ${TASK_COLUMNS} from ${TASKS} where t.id = ?1`;

/** The text that selects the tasks of a run, as `task`. @param run - Expression for the number of the run. */
export function tasksOfRun(run: string): string {
  return `select task from task_places where run = ${run}
    union all select n from tasks where n > (select tasks from placed) and run = ${run}`;
}

const RUN = "(select n from runs where id = :run)";

/** Conditions by what they are about. */
const CONDITIONS: readonly {
  readonly by: "key" | "owner" | "run" | "parent";
  readonly text: string;
  /** The index for it; the first one there is used. None for parents: nobody asks for them often enough. */
  readonly index?: string;
  /** In place of these, where only unfinished tasks are asked for. */
  readonly unfinished?: { readonly text: string; readonly index: string };
}[] = [
  {
    by: "key",
    text: "key = :key",
    unfinished: { text: "key = :key and key is not null", index: "tasks_key" },
  },
  {
    by: "owner",
    text: "owner = (select n from hosts where id = :owner) and owner is not null",
    index: "tasks_owner",
  },
  {
    by: "run",
    text: `n in (${tasksOfRun(RUN)})`,
    unfinished: { text: `run = ${RUN}`, index: "tasks_unfinished" },
  },
  { by: "parent", text: "parent = :parent" },
];

/** What a {@link TaskQuery} asks for, in stored values. */
interface StoredQuery {
  readonly conditions: readonly string[];
  readonly index: string | undefined;
  readonly values: Record<string, SQLInputValue>;
}

/**
 * Finds tasks by any mix of conditions, in order of creation, as rows for `taskRow` with `placed_version` in place of
 * their version (see RecentVersions).
 * @param numberOf - The number of an agent's name; undefined if nobody wrote it yet.
 */
export class TaskFinder {
  readonly #database: DatabaseSync;
  readonly #numberOf: (name: string) => number | undefined;
  /** By text: at most 2 x 2 x 2 x 2 x 2 x 5 of them. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, numberOf: (name: string) => number | undefined) {
    this.#database = database;
    this.#numberOf = numberOf;
  }

  /** Reads; throws what SQLite throws. */
  find(query: TaskQuery): readonly Row[] {
    const agent = query.agent === undefined ? null : this.#numberOf(query.agent);
    if (agent === undefined) return [];
    const { conditions, index, values } = storedQuery(query, agent);
    const by = index === undefined ? "" : ` indexed by ${index}`;
    const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
    const found = `select n from tasks${by}${where} order by n limit :limit`;
    const text = `select ${TASK_COLUMNS}, ${PLACED_VERSION} as placed_version from ${TASKS}
      where t.n in (${found}) order by t.n`;
    const statement = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement.all({ ...values, limit: query.limit ?? 1_000 });
  }
}

function storedQuery(query: TaskQuery, agent: number | null): StoredQuery {
  const { run, owner, parent, key, state } = query;
  const isUnfinished = state === "open" || state === "stuck";
  const wanted = CONDITIONS.filter(({ by }) => query[by] !== undefined).map((condition) =>
    isUnfinished ? (condition.unfinished ?? condition) : condition,
  );
  const conditions = wanted.map(({ text }) => text);
  if (agent !== null) conditions.push("agent = :agent");
  if (state !== undefined) {
    // Written into the text: partial indexes are not found by parameters.
    conditions.push(`state = ${taskStateCode.numberOf(state)}`);
    if (isUnfinished) conditions.push("state < 2");
    if (state === "stuck" || state === "dead") conditions.push("(state = 1 or state = 3)");
  }
  const index = wanted.find((condition) => condition.index !== undefined)?.index;
  const values = {
    ...(run === undefined ? {} : { run }),
    ...(owner === undefined ? {} : { owner }),
    ...(parent === undefined ? {} : { parent: taskBytes(parent) }),
    ...(key === undefined ? {} : { key }),
    ...(agent === null ? {} : { agent }),
  };
  return { conditions, index: index ?? indexOfState(query), values };
}

/** The index for a query that has nothing narrower than a state. */
function indexOfState({ run, state }: TaskQuery): string | undefined {
  if (state === "open") return "tasks_unfinished";
  // The tasks of a run are found by their numbers.
  return state === undefined || state === "closed" || run !== undefined ? undefined : "tasks_odd";
}
