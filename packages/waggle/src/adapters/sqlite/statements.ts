import type { DatabaseSync, StatementSync } from "node:sqlite";

const TASK_COLUMNS = `t.n, t.id, r.id as run, t.parent, t.path, t.awaited, t.agent, t.operation, t.priority,
  t.hops, t.deadline, t.state, t.owner, t.due, t.version, t.inbox, t.claims, t.origin`;
const TASKS = "tasks t join runs r on r.n = t.run";
const EVENT_COLUMNS = "e.position, e.type, e.at, e.data, t.id as task";

// An ended run has no unfinished task, and only unfinished tasks have owners: `owner = ?` covers `ended`.
// Parameters: 1 number of events, 2 task, 3 host, 4 version, 5 inbox or null, 6 whether something starts.
const APPENDS = "version = version + ?1, claims = iif(?1 > 0, 0, claims)";
const IF_MINE = `n = ?2 and owner = ?3 and version = ?4 and inbox = coalesce(?5, inbox)
  and (?6 = 0 or (select gate from runs where n = tasks.run) = 0)`;

type StatementName =
  | "begin"
  | "beginWrite"
  | "commit"
  | "rollback"
  | "savepoint"
  | "release"
  | "rollbackTo"
  | "dataVersion"
  | "storeId"
  | "lastPosition"
  | "append"
  | "appendAndClose"
  | "appendAndRelease"
  | "markStuck"
  | "taskHead"
  | "taskNumber"
  | "insertEvent"
  | "deleteMail"
  | "insertTask"
  | "runGate"
  | "insertMail"
  | "countMail"
  | "insertCell"
  | "updateCell"
  | "deleteCell"
  | "hasCell"
  | "addToCell"
  | "insertRun"
  | "moveGate"
  | "endRun"
  | "hostFacts"
  | "beat"
  | "killHost"
  | "insertDeadHost"
  | "freeTasks"
  | "hosts"
  | "mailed"
  | "clearDue"
  | "dueTasks"
  | "nextDue"
  | "claim"
  | "reopen"
  | "task"
  | "event"
  | "eventsOfTask"
  | "mailOfTask"
  | "runs"
  | "run"
  | "cells"
  | "runSize"
  | "newEventsOfRun"
  | "positionsOfRun";

/**
 * The text of every statement with a fixed text, by the name of its use. Parameters are named, but for the
 * statements of appends and creates: binding by name costs 1 us a statement.
 */
const TEXTS: Readonly<Record<StatementName, string>> = {
  begin: "begin",
  beginWrite: "begin immediate",
  commit: "commit",
  rollback: "rollback",
  savepoint: "savepoint batch",
  release: "release batch",
  rollbackTo: "rollback to batch",
  dataVersion: "pragma data_version",
  storeId: "select value from meta where key = 'store'",
  lastPosition: "select coalesce(max(position), 0) as position from events",

  append: `update tasks set ${APPENDS} where ${IF_MINE}`,
  appendAndClose: `update tasks set ${APPENDS}, state = ?7, owner = null, due = null where ${IF_MINE}`,
  // Mail that the owner does not claim to have seen still makes the task due: no wake-up is lost (K3).
  appendAndRelease: `update tasks set ${APPENDS}, owner = null, due = case
    when ?5 is not null or due is null then ?7
    when ?7 is null then due else min(due, ?7) end where ${IF_MINE}`,
  markStuck: "update tasks set state = 1 where n = :task",
  taskHead: `select t.n, t.owner, t.version, t.inbox, t.state, r.gate from ${TASKS} where t.id = :id`,
  taskNumber: "select n from tasks where id = :id",
  insertEvent: "insert into events(position, task, type, at, data) values (?1, ?2, ?3, ?4, ?5)",
  deleteMail: "delete from mail where task = :task",

  insertTask: `insert into tasks(id, run, version, inbox, claims, state, owner, due, origin,
      priority, hops, awaited, deadline, agent, operation, parent, path)
    select ?2, n, ?3, 0, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15
    from runs where id = ?1 and gate < 3 on conflict(id) do nothing`,
  runGate: "select gate from runs where id = :id",

  insertMail: `insert into mail(task, seq, kind, path, data)
    select n, inbox + 1, :kind, :path, :data from tasks where n = :task and state < 2
    on conflict do nothing`,
  countMail: `update tasks set inbox = inbox + 1, due = iif(due < :at, due, :at) where n = :task`,

  insertCell:
    "insert into cells(cell, version, value, amount) values (:cell, 1, :value, :amount) on conflict do nothing",
  updateCell:
    "update cells set version = version + 1, value = :value where cell = :cell and version = :expect",
  deleteCell: "delete from cells where cell = :cell and version = :expect",
  hasCell: "select 1 from cells where cell = :cell",
  addToCell: `update cells set version = version + 1, amount = amount + :by
    where cell = :cell and amount + :by between :min and :max`,

  insertRun:
    "insert into runs(id, gate, started_at) values (:id, :gate, :at) on conflict do nothing",
  moveGate: "update runs set gate = :to where id = :id and gate < 3 and (1 << gate) & :from",
  endRun: `update runs set gate = 3 where id = :id and gate < 3 and (1 << gate) & :from
    and not exists (select 1 from tasks where run = runs.n and state < 2)`,

  hostFacts: "select beat, dead from hosts where id = :id",
  beat: `insert into hosts(id, beat, dead, report) values (:id, 1, 0, :report)
    on conflict(id) do update set beat = beat + 1, report = excluded.report where dead = 0`,
  killHost: "update hosts set dead = 1 where id = :id and beat = :beat and dead = 0",
  insertDeadHost:
    "insert into hosts(id, beat, dead, report) values (:id, 0, 1, '') on conflict do nothing",
  freeTasks: "update tasks set owner = null, due = :at where owner = :host",
  hosts: `select id, beat, dead, report from hosts where dead = 0
    union select id, beat, dead, report from hosts where id = :own order by id`,

  mailed: `select t.n, t.id, r.id as run from ${TASKS}
    where t.owner = :host and t.owner is not null and t.due is not null order by t.due, t.n`,
  clearDue: "update tasks set due = null where n = :task",
  dueTasks: `select t.n, t.id, t.due, t.state from ${TASKS}
    where t.agent = :agent and t.priority = :priority and t.owner is null and t.due is not null
      and t.due <= :now and r.gate in (0, 2)
      and (:runs is null or r.id in (select value from json_each(:runs)))
    order by t.due, t.n limit :limit`,
  nextDue: `select due from tasks where agent = :agent and priority = :priority and owner is null
    and due is not null and due > :now order by due limit 1`,
  claim: "update tasks set owner = :host, due = null, claims = claims + 1 where n = :task",
  reopen: "update tasks set state = 0 where n = :task",

  task: `select ${TASK_COLUMNS} from ${TASKS} where t.id = :id`,
  event: `select ${EVENT_COLUMNS} from events e join tasks t on t.n = e.task where e.position = :position`,
  eventsOfTask: `select e.position, e.type, e.at, e.data, :id as task
    from events e where e.task = :task order by e.position`,
  mailOfTask: "select seq, kind, path, data from mail where task = :task order by seq",
  runs: "select id, gate, started_at from runs order by n desc limit :limit",
  run: "select id, gate, started_at from runs where id = :id limit :limit",
  cells: "select cell, version, value, amount from cells where cell >= :prefix order by cell",

  runSize: `select r.n, (select count(*) from (select 1 from tasks t where t.run = r.n limit :limit)) as tasks
    from runs r where r.id = :id`,
  newEventsOfRun: `select ${EVENT_COLUMNS} from events e cross join tasks t on t.n = e.task
    where e.position > :from and e.position <= :to and t.run = :run order by e.position limit :limit`,
  positionsOfRun: `select e.position from tasks t cross join events e on e.task = t.n
    where t.run = :run and e.position > :from order by e.position limit :limit`,
};

/** The statements with a fixed text, prepared, by the name of their use. */
export type Statements = Readonly<Record<StatementName, StatementSync>>;

/** Prepares every statement on `database`, which has the schema. */
export function prepareStatements(database: DatabaseSync): Statements {
  const entries = Object.entries(TEXTS).map(([name, text]) => [name, database.prepare(text)]);
  // Object.fromEntries loses the keys; they are those of TEXTS.
  return Object.fromEntries(entries) as Statements;
}

/** The text that finds tasks by any mix of conditions, in order of creation. */
export function findTasksText(by: {
  readonly run: boolean;
  readonly owner: boolean;
  /** Stored number of the state. Written into the text: partial indexes are not found by parameters. */
  readonly state: number | undefined;
}): string {
  const { run, owner, state } = by;
  const conditions = [
    run ? "t.run = (select n from runs where id = :run)" : "",
    owner ? "t.owner = :owner" : "",
    state === undefined ? "" : `t.state = ${state}`,
    state === 0 ? "t.state < 2" : "",
  ].filter((condition) => condition !== "");
  const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  return `select ${TASK_COLUMNS} from ${TASKS}${where} order by t.n limit :limit`;
}
