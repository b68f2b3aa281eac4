-- What comes in, what it is called elsewhere, what a clerk has to decide, and who did what.
create table inbox(
  seq integer primary key,
  source text not null,
  source_id text not null,
  topic text not null,
  subject text not null,
  business_key text not null,
  body text not null,
  state text not null,
  reason text,
  run text,
  due_at integer,
  tries integer not null default 0,
  received_at integer not null,
  settled_at integer,
  unique(source, source_id)
);
create index inbox_business on inbox(topic, business_key);
create index inbox_due on inbox(due_at, seq) where due_at is not null;
create index inbox_subject on inbox(topic, subject) where state = 'pending';

create table inbox_tally(
  topic text not null,
  state text not null,
  number integer not null,
  primary key(topic, state)
);

create table crossref(
  seq integer primary key,
  canonical text not null,
  system text not null,
  type text not null,
  entity text not null,
  id text not null,
  valid_from integer not null,
  valid_to integer
);
create unique index crossref_there on crossref(system, type, entity, canonical) where valid_to is null;
create unique index crossref_back on crossref(system, type, entity, id) where valid_to is null;
create index crossref_canonical on crossref(canonical);

create table exception(
  seq integer primary key,
  id text not null unique,
  kind text not null,
  class text not null,
  code text not null,
  subject text not null,
  source text not null,
  amount_minor integer,
  currency text,
  queue text not null,
  owner text not null,
  severity text not null,
  remediation text not null,
  why text not null,
  facts text not null,
  run text not null,
  opened_at integer not null,
  due_at integer not null,
  state text not null,
  escalated_at integer,
  resolved_at integer,
  by text
);
create unique index exception_live on exception(subject, code) where state in ('open', 'resubmitted');
create index exception_queue on exception(state, queue, seq);
create index exception_run on exception(run);
create index exception_late on exception(due_at) where state = 'open' and escalated_at is null;

create table exception_act(
  exception integer not null,
  number integer not null,
  at integer not null,
  actor text not null,
  act text not null,
  note text not null,
  primary key(exception, number)
);

create table audit(
  seq integer primary key,
  at integer not null,
  actor text not null,
  action text not null,
  subject text not null,
  correlation text not null,
  reason text not null,
  before_hash text not null,
  after_hash text not null,
  prev_hash text not null,
  hash text not null
);
create index audit_subject on audit(subject);

create table note(
  name text primary key,
  value text not null,
  at integer not null
);
