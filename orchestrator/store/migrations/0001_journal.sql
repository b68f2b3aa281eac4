-- The journal of durable runs, and the outbox of what they publish.
create table run(
  seq integer primary key,
  id text not null unique,
  process text not null,
  version integer not null,
  key text not null,
  root text not null,
  given text not null,
  state text not null,
  detail text,
  result text,
  system text,
  wake_at integer,
  started_at integer not null,
  ended_at integer
);
create index run_wake on run(wake_at, seq) where wake_at is not null;
create index run_open on run(key, seq) where ended_at is null;
create index run_system on run(system) where system is not null;
create index run_ended on run(ended_at) where ended_at is not null;

create table entry(
  run integer not null,
  at integer not null,
  name text not null,
  value text not null,
  primary key(run, at)
) without rowid;

create table message(
  seq integer primary key,
  run integer not null,
  id text not null,
  body text not null,
  taken integer not null default 0,
  unique(run, id)
);

create table outbox(
  seq integer primary key,
  id text not null unique,
  type text not null,
  subject text not null,
  data text not null,
  at integer not null,
  sent_at integer
);
create index outbox_unsent on outbox(seq) where sent_at is null;
