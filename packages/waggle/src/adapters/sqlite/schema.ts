/** The version of {@link SCHEMA}; see migrate.ts for older ones. A store of a newer one is refused. */
export const FORMAT_VERSION = 2;

/**
 * Tables and indexes of format 2. `n` numbers rows in order of creation. Each index says who needs it: every
 * entry more costs 3 to 9 % of the rate. What an append changes is in `events` alone: the version of a stream is that
 * of its newest event, and `claims` counts as long as that is `claims_at`. So a step writes one page, not three.
 */
export const SCHEMA = `
create table meta(key text primary key, value text not null) strict, without rowid;
-- agents, operations, versions of agents
create table names(n integer primary key, name text not null unique) strict;
create table hosts(
  n integer primary key, id text not null unique, beat int not null, dead int not null, report text not null
) strict;
-- gate 4: trimmed, nothing is left but the id. unfinished: number of tasks
create table runs(
  n integer primary key, id text not null unique, gate int not null, started_at int not null,
  paused_ms int not null, paused_at int, unfinished int not null
) strict;
-- state below 2: unfinished. due: wall-clock ms; of a task without owner: from when it may be claimed; of an owned
-- one: when unread mail came. code: name of the version of the agent's code that it is bound to; 0: none; below 0:
-- of an owned one, that it will be bound to once an event has come after claims_at. claims: -1 while it was never claimed. first: events up to this version are of
-- former generations. origin: position of the event that holds its input
create table tasks(
  n integer primary key, id blob not null unique, run int not null, state int not null, owner int, due int,
  inbox int not null, claims int not null, claims_at int not null, outside int not null, first int not null,
  origin int not null, agent int not null, operation int not null, priority int not null, hops int not null,
  awaited int not null, deadline int, key text, parent blob, path text, code int not null default 0
) strict;
create table events(
  position integer primary key, task int not null, version int not null, type int not null, at int not null,
  data text not null
) strict;
-- where the events of a task are, and which tasks a run has: entered many at once (place-recent.ts)
create table event_places(
  task int not null, version int not null, position int not null, primary key(task, version)
) strict, without rowid;
create table task_places(run int not null, task int not null, primary key(run, task)) strict, without rowid;
-- one row: the last position and the last task that were entered there; none up to these is given again
create table placed(events int not null, tasks int not null) strict;
insert into placed values (0, 0);
create table mail(
  task int not null, seq int not null, kind int not null, path text, data text not null,
  primary key(task, seq)
) strict, without rowid;
create table cells(
  cell text primary key, version int not null, value text, amount int not null
) strict, without rowid;
create table logs(n integer primary key, name text not null unique, version int not null) strict;
create table records(
  log int not null, version int not null, at int not null, key text, data text, primary key(log, version)
) strict, without rowid;
create table blobs(n integer primary key, id blob not null unique, bytes blob not null) strict;
-- run 0: for ever
create table blob_keepers(blob int not null, run int not null, primary key(blob, run)) strict, without rowid;

-- beat, hosts: every process that ever was leaves a row
create index hosts_alive on hosts(id) where dead = 0 and beat > 0;
-- runs, by gate and in all
create index runs_gate on runs(gate) where gate < 4;
-- claim: new tasks
create index tasks_due on tasks(agent, code, priority, due) where owner is null and due is not null;
-- claim: mail; free; find by owner
create index tasks_owner on tasks(owner, due) where owner is not null;
-- gate; find unfinished tasks, by run and in all. Small: few tasks are unfinished at one time
create index tasks_unfinished on tasks(run, state) where state < 2;
-- who holds a key
create index tasks_key on tasks(agent, key, state) where key is not null and state < 2;
-- find the few that need a person
create index tasks_odd on tasks(state) where state = 1 or state = 3;
-- is this path taken
create index mail_path on mail(task, path) where path is not null;
-- newest record of a key
create index records_key on records(log, key, version) where key is not null;
-- trim
create index blob_keepers_run on blob_keepers(run);
`;
