CREATE TABLE blob_keepers(blob int not null, run int not null, primary key(blob, run)) strict, without rowid;
CREATE TABLE blobs(n integer primary key, id blob not null unique, bytes blob not null) strict;
CREATE TABLE cells(
  cell text primary key, version int not null, value text, amount int not null
) strict, without rowid;
CREATE TABLE event_places(
  task int not null, version int not null, position int not null, primary key(task, version)
) strict, without rowid;
CREATE TABLE events(
  position integer primary key, task int not null, version int not null, type int not null, at int not null,
  data text not null
) strict;
INSERT INTO "events" VALUES(1,1,1,0,1796095749828,'{"input":"roll"}');
INSERT INTO "events" VALUES(2,1,2,4,1796095749831,'{"path":"step:heat","outcome":{"type":"value","value":null}}');
INSERT INTO "events" VALUES(3,1,3,10,1796095749832,'{"path":"wait:dough","until":null,"signal":"dough"}');
INSERT INTO "events" VALUES(4,1,4,5,1796095749833,'{"path":"wait:dough","child":null,"seq":1,"outcome":{"type":"value","value":null}}');
INSERT INTO "events" VALUES(5,1,5,4,1796095749834,'{"path":"step:bake","outcome":{"type":"value","value":"one roll"}}');
INSERT INTO "events" VALUES(6,1,6,9,1796095749835,'{"outcome":{"type":"value","value":"one roll"}}');
INSERT INTO "events" VALUES(7,2,1,0,1796095749835,'{"input":"bread"}');
INSERT INTO "events" VALUES(8,2,2,4,1796095749837,'{"path":"step:heat","outcome":{"type":"value","value":null}}');
INSERT INTO "events" VALUES(9,2,3,10,1796095749838,'{"path":"wait:dough","until":null,"signal":"dough"}');
CREATE TABLE hosts(
  n integer primary key, id text not null unique, beat int not null, dead int not null, report text not null
) strict;
INSERT INTO "hosts" VALUES(1,'host-3fb4cb829789f7a6ca20dca18262ed65',1,1,'{"about":{},"agents":[{"name":"baker","version":null,"capabilities":[],"groups":[],"operations":["bake"],"keyed":false,"busy":0,"concurrency":16,"status":"idle"}]}');
CREATE TABLE logs(n integer primary key, name text not null unique, version int not null) strict;
CREATE TABLE mail(
  task int not null, seq int not null, kind int not null, path text, data text not null,
  primary key(task, seq)
) strict, without rowid;
CREATE TABLE meta(key text primary key, value text not null) strict, without rowid;
INSERT INTO "meta" VALUES('format','1');
INSERT INTO "meta" VALUES('store','f48a466533c33d3c67818b581ed77bfe');
CREATE TABLE names(n integer primary key, name text not null unique) strict;
INSERT INTO "names" VALUES(1,'baker');
INSERT INTO "names" VALUES(2,'bake');
CREATE TABLE placed(events int not null, tasks int not null) strict;
INSERT INTO "placed" VALUES(0,0);
CREATE TABLE records(
  log int not null, version int not null, at int not null, key text, data text, primary key(log, version)
) strict, without rowid;
CREATE TABLE runs(
  n integer primary key, id text not null unique, gate int not null, started_at int not null,
  paused_ms int not null, paused_at int, unfinished int not null
) strict;
INSERT INTO "runs" VALUES(1,'order-1',3,1796095749828,0,NULL,0);
INSERT INTO "runs" VALUES(2,'order-2',0,1796095749835,0,NULL,1);
CREATE TABLE task_places(run int not null, task int not null, primary key(run, task)) strict, without rowid;
CREATE TABLE tasks(
  n integer primary key, id blob not null unique, run int not null, state int not null, owner int, due int,
  inbox int not null, claims int not null, claims_at int not null, outside int not null, first int not null,
  origin int not null, agent int not null, operation int not null, priority int not null, hops int not null,
  awaited int not null, deadline int, key text, parent blob, path text
) strict;
INSERT INTO "tasks" VALUES(1,X'514E1394427659C500C8F35F48D74AC9',1,2,NULL,NULL,1,1,1,0,0,1,1,2,1,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "tasks" VALUES(2,X'F579907366E510DBE82087F9CDA9CAAC',2,0,NULL,1796095749839,0,1,1,0,0,7,1,2,1,0,0,NULL,NULL,NULL,NULL);
CREATE INDEX hosts_alive on hosts(id) where dead = 0 and beat > 0;
CREATE INDEX runs_gate on runs(gate) where gate < 4;
CREATE INDEX tasks_due on tasks(agent, priority, due) where owner is null and due is not null;
CREATE INDEX tasks_owner on tasks(owner, due) where owner is not null;
CREATE INDEX tasks_unfinished on tasks(run, state) where state < 2;
CREATE INDEX tasks_key on tasks(agent, key, state) where key is not null and state < 2;
CREATE INDEX tasks_odd on tasks(state) where state = 1 or state = 3;
CREATE INDEX mail_path on mail(task, path) where path is not null;
CREATE INDEX records_key on records(log, key, version) where key is not null;
CREATE INDEX blob_keepers_run on blob_keepers(run);
