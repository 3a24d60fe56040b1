import type { DatabaseSync, StatementSync } from "node:sqlite";
import { TASK_TEXT, tasksOfRun } from "./find-tasks.ts";

const CACHED_TASK = `t.n, t.run, t.agent, t.key, t.state, t.owner, t.due, t.inbox, t.claims, t.claims_at,
  t.outside, t.code, t.first,
  coalesce((select max(p.version) from event_places p where p.task = t.n), 0) as placed_version`;
const CACHED_RUN = "n, id, gate, started_at, paused_ms, paused_at, unfinished";
const EVENT_COLUMNS = "e.position, e.type, e.at, e.data, t.id as task";
/** Sets `due` to an earlier time only: :at. */
const DUE_BY = "due = iif(due < :at, due, :at)";
/** An older unfinished task of the same agent and key is there (K9). */
const IS_QUEUED = `key is not null and exists (select 1 from tasks o
  where o.key is not null and o.state < 2 and o.agent = tasks.agent and o.key = tasks.key and o.state in (0, 1) and o.n < tasks.n)`;

/** Something was recorded since the task was claimed. */
const HAS_GONE_ON = `(exists (select 1 from event_places p where p.task = tasks.n and p.version > claims_at)
  or exists (select 1 from events e where e.position > (select events from placed) and e.task = tasks.n
    and e.version > claims_at))`;

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
  | "lastNumbers"
  | "eventsSince"
  | "cachedTask"
  | "cachedRun"
  | "cachedRunNumbered"
  | "cachedHost"
  | "insertHost"
  | "cell"
  | "log"
  | "insertLog"
  | "name"
  | "nameNumber"
  | "insertName"
  | "hasMail"
  | "newestRecord"
  | "taskIdOf"
  | "keyHeads"
  | "insertEvent"
  | "insertMail"
  | "deleteMail"
  | "insertTask"
  | "updateCounts"
  | "updatePlace"
  | "updateState"
  | "insertRun"
  | "updateRun"
  | "putCell"
  | "deleteCell"
  | "updateLog"
  | "insertRecord"
  | "insertBlob"
  | "keepBlob"
  | "placeEvents"
  | "placeTasks"
  | "updatePlaced"
  | "tellOwned"
  | "tellPaused"
  | "tellOpen"
  | "tellCancelling"
  | "killHost"
  | "hostFacts"
  | "freeTasks"
  | "trimEvents"
  | "trimEventPlaces"
  | "trimTasks"
  | "trimTaskPlaces"
  | "trimBlobs"
  | "trimKeepers"
  | "trimLog"
  | "beat"
  | "hosts"
  | "mailed"
  | "isMailed"
  | "dueTasks"
  | "nextDue"
  | "task"
  | "event"
  | "eventsOfTask"
  | "mailOfTask"
  | "cells"
  | "blob"
  | "lastPosition"
  | "runSize"
  | "newEventsOfRun"
  | "positionsOfRun";

/**
 * The text of every statement with a fixed text, by the name of its use. Parameters of those that run often have
 * numbers: binding by name costs 1 us a statement. They are run by `get`: `run` makes an object that nobody reads,
 * 0.3 us.
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

  // What a transaction checks and changes.
  lastNumbers: `select (select coalesce(max(position), 0) from events) as position,
    (select coalesce(max(n), 0) from tasks) as task, (select coalesce(max(n), 0) from runs) as run,
    events as placed_events, tasks as placed_tasks from placed`,
  eventsSince: `select json_group_array(task) as tasks, json_group_array(version) as versions,
    coalesce(max(position), ?1) as position from events where position > ?1`,
  cachedTask: `select ${CACHED_TASK} from tasks t where t.id = ?1`,
  cachedRun: `select ${CACHED_RUN} from runs where id = ?1`,
  cachedRunNumbered: `select ${CACHED_RUN} from runs where n = ?1`,
  cachedHost: "select n, dead from hosts where id = ?1",
  insertHost: "insert into hosts(id, beat, dead, report) values (?1, 0, 0, '')",
  cell: "select version, value, amount from cells where cell = ?1",
  log: "select n, version from logs where name = ?1",
  insertLog: "insert into logs(name, version) values (?1, 0)",
  name: "select name from names where n = ?1",
  nameNumber: "select n from names where name = ?1",
  insertName: "insert into names(name) values (?1)",
  hasMail: "select 1 from mail where task = ?1 and path = ?2",
  newestRecord: `select version, data from records indexed by records_key
    where log = ?1 and key = ?2 and key is not null order by version desc limit 1`,
  taskIdOf: "select id from tasks where n = ?1",
  keyHeads: `select n from (select n from tasks where agent = ?1 and key = ?2 and key is not null and state = 0 and state < 2
      order by n limit ?3)
    union all select n from (select n from tasks where agent = ?1 and key = ?2 and key is not null and state = 1 and state < 2
      order by n limit ?3) order by n limit ?3`,

  // What a transaction writes.
  insertEvent:
    "insert into events(position, task, version, type, at, data) values (?1, ?2, ?3, ?4, ?5, ?6)",
  insertMail: "insert into mail(task, seq, kind, path, data) values (?1, ?2, ?3, ?4, ?5)",
  deleteMail: "delete from mail where task = ?1",
  insertTask: `insert into tasks(n, id, run, state, owner, due, inbox, claims, claims_at, outside, first,
      origin, agent, operation, priority, hops, awaited, deadline, key, parent, path, code)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)`,
  updateCounts: "update tasks set inbox = ?2, first = ?3 where n = ?1",
  updatePlace: `update tasks set owner = ?2, due = ?3, inbox = ?4, claims = ?5, claims_at = ?6, outside = ?7,
    first = ?8, code = ?9 where n = ?1`,
  updateState: `update tasks set state = ?2, owner = ?3, due = ?4, inbox = ?5, claims = ?6, claims_at = ?7,
    outside = ?8, first = ?9, code = ?10 where n = ?1`,
  insertRun: `insert into runs(n, id, gate, started_at, paused_ms, paused_at, unfinished)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
  updateRun:
    "update runs set gate = ?2, paused_ms = ?3, paused_at = ?4, unfinished = ?5 where n = ?1",
  putCell: `insert into cells(cell, version, value, amount) values (?1, ?2, ?3, ?4)
    on conflict do update set version = ?2, value = ?3, amount = ?4`,
  deleteCell: "delete from cells where cell = ?1",
  updateLog: "update logs set version = ?2 where n = ?1",
  insertRecord: "insert into records(log, version, at, key, data) values (?1, ?2, ?3, ?4, ?5)",
  insertBlob: "insert into blobs(id, bytes) values (?1, ?2) on conflict do nothing",
  keepBlob: `insert into blob_keepers(blob, run) select n, ?2 from blobs where id = ?1
    on conflict do nothing`,

  placeEvents: `insert into event_places(task, version, position)
    select task, version, position from events where position > ?1`,
  placeTasks: "insert into task_places(run, task) select run, n from tasks where n > ?1",
  updatePlaced: "update placed set events = ?1, tasks = ?2",

  // What changes any number of rows.
  tellOwned: `update tasks set inbox = inbox + 1, ${DUE_BY} where run = :run and state < 2 and owner is not null`,
  tellPaused:
    "update tasks set due = null where run = :run and state < 2 and owner is null and due is not null",
  tellOpen: `update tasks set ${DUE_BY} where run = :run and state = 0 and state < 2 and owner is null and not (${IS_QUEUED})`,
  tellCancelling: `update tasks set ${DUE_BY} where run = :run and state < 2 and owner is null`,
  killHost: "update hosts set dead = 1 where id = :id",
  hostFacts: "select n, beat, dead from hosts where id = :id",
  freeTasks: `update tasks set owner = null, due = iif((select gate from runs where n = tasks.run) = 1, null, :at),
    code = case when code >= 0 then code when ${HAS_GONE_ON} then -code else 0 end
    where owner = :host and owner is not null`,
  trimEvents: `delete from events where position in (select p.position from task_places t
    cross join event_places p on p.task = t.task where t.run = :run)`,
  trimEventPlaces:
    "delete from event_places where task in (select task from task_places where run = :run)",
  trimTasks: "delete from tasks where n in (select task from task_places where run = :run)",
  trimTaskPlaces: "delete from task_places where run = :run",
  trimBlobs: `delete from blobs where n in (select blob from blob_keepers where run = :run) and not exists
    (select 1 from blob_keepers k where k.blob = blobs.n and k.run <> :run)`,
  trimKeepers: "delete from blob_keepers where run = :run",
  trimLog: `delete from records where log = :log and version < :before and (:all = 1 or key is null or exists
    (select 1 from records r where r.log = :log and r.key = records.key and r.key is not null
      and r.version > records.version and r.version < :before))`,
  beat: `insert into hosts(id, beat, dead, report) values (:id, 1, 0, :report)
    on conflict(id) do update set beat = beat + 1, report = excluded.report where dead = 0`,
  hosts: `select n, id, beat, dead, report from hosts where dead = 0 and beat > 0
    union select n, id, beat, dead, report from hosts where id = :own order by id`,

  // Claims.
  mailed: `select t.id, ${CACHED_TASK} from tasks t
    where t.owner = ?1 and t.owner is not null and t.due is not null
      and (?2 is null or t.run in (select n from runs where id in (select value from json_each(?2))))
    order by t.due, t.n`,
  isMailed: `select 1 from tasks t
    where t.owner = ?1 and t.owner is not null and t.due is not null
      and (?2 is null or t.run in (select n from runs where id in (select value from json_each(?2))))
    limit 1`,
  dueTasks: `select t.id, ${CACHED_TASK} from tasks t
    where t.agent = ?1 and t.code = ?2 and t.priority = ?3 and t.owner is null and t.due is not null and t.due <= ?4
      and (?5 is null or t.run in (select n from runs where id in (select value from json_each(?5))))
    order by t.due, t.n limit ?6`,
  nextDue: `select due from tasks where agent = ?1 and code = ?2 and priority = ?3 and owner is null
    and due is not null and due > ?4 order by due limit 1`,

  // Reads.
  task: TASK_TEXT,
  event: `select ${EVENT_COLUMNS} from events e join tasks t on t.n = e.task where e.position = ?1`,
  eventsOfTask: `select p.version, e.position, e.type, e.at, e.data
      from event_places p cross join events e on e.position = p.position where p.task = ?1 and p.version > ?2
    union all select version, position, type, at, data from events
      where position > (select events from placed) and task = ?1 and version > ?2
    order by version`,
  mailOfTask: "select seq, kind, path, data from mail where task = ?1 order by seq",
  cells: "select cell, version, value, amount from cells where cell >= :prefix order by cell",
  blob: "select bytes from blobs where id = ?1",

  // Tails.
  lastPosition: "select coalesce(max(position), 0) as position from events",
  runSize: `select r.n, (select count(*) from (select 1 from (${tasksOfRun("r.n")}) limit :limit)) as tasks
    from runs r where r.id = :id`,
  newEventsOfRun: `select ${EVENT_COLUMNS} from events e cross join tasks t on t.n = e.task
    where e.position > :from and e.position <= :to and t.run = :run order by e.position limit :limit`,
  positionsOfRun: `select p.position from (${tasksOfRun(":run")}) t cross join event_places p on p.task = t.task
      where p.position > :from
    union all select e.position from events e cross join tasks t on t.n = e.task
      where e.position > (select events from placed) and e.position > :from and t.run = :run
    order by 1 limit :limit`,
};

/** The statements with a fixed text, prepared, by the name of their use. */
export type Statements = Readonly<Record<StatementName, StatementSync>>;

/** Prepares every statement on `database`, which has the schema. */
export function prepareStatements(database: DatabaseSync): Statements {
  const entries = Object.entries(TEXTS).map(([name, text]) => [name, database.prepare(text)]);
  // Object.fromEntries loses the keys; they are those of TEXTS.
  return Object.fromEntries(entries) as Statements;
}
