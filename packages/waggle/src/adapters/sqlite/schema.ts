/** The version of {@link SCHEMA}; a store of another version is refused. */
export const FORMAT_VERSION = 1;

/**
 * Tables and indexes of format 1. `n` numbers rows in order of creation. `due`: wall-clock ms; of a task
 * without owner: from when it may be claimed; of an owned one: when unread mail came. `state` below 2 means
 * unfinished. Each index says who needs it: every entry more costs 3 to 9 % of the rate.
 */
export const SCHEMA = `
create table meta(key text primary key, value text not null) strict, without rowid;
create table hosts(
  n integer primary key, id text not null unique, beat int not null, dead int not null, report text not null
) strict;
create table runs(
  n integer primary key, id text not null unique, gate int not null, started_at int not null
) strict;
create table tasks(
  n integer primary key, id text not null unique, run int not null, version int not null,
  inbox int not null, claims int not null, state int not null, owner text, due int, origin int not null,
  priority int not null, hops int not null, awaited int not null, deadline int,
  agent text not null, operation text not null, parent text, path text
) strict;
create table events(
  position integer primary key, task int not null, type int not null, at int not null, data text not null
) strict;
create table mail(
  task int not null, seq int not null, kind int not null, path text, data text not null,
  primary key(task, seq)
) strict, without rowid;
create table cells(
  cell text primary key, version int not null, value text, amount int not null
) strict, without rowid;

-- beat, hosts: every process that ever was leaves a row
create index hosts_alive on hosts(id) where dead = 0;
-- claim: new tasks
create index tasks_due on tasks(agent, priority, due) where owner is null and due is not null;
-- claim: mail; free; find by owner
create index tasks_owner on tasks(owner, due) where owner is not null;
-- find by run, tail
create index tasks_run on tasks(run);
-- may a run end; find unfinished tasks
create index tasks_unfinished on tasks(run) where state < 2;
-- find the few that need a person
create index tasks_odd on tasks(state) where state = 1 or state = 3;
-- load, tail
create index events_task on events(task, position);
-- one mail per path
create unique index mail_path on mail(task, path) where path is not null;
`;
