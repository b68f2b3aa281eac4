-- The book: which contracts are active, what became of each piece of approved work, and which invoices the ERP has shown.
create table engagement(
  sow text primary key,
  entity text not null,
  type text not null,
  workspace text not null,
  body text not null,
  active integer not null,
  read_up_to integer not null default 0,
  moved integer not null default 0,
  shown integer not null default 0,
  ready_at integer not null,
  active_at integer not null
);
create unique index engagement_workspace on engagement(workspace);
create index engagement_entity on engagement(entity, sow) where active = 1;
create index engagement_moved on engagement(sow) where moved > shown;

create table work(
  source text primary key,
  sow text not null,
  kind text not null,
  approved_at integer not null,
  state text not null,
  net integer not null,
  erp_id text not null,
  invoice text,
  code text not null,
  currency text not null,
  settled_at integer not null
) without rowid;
create index work_open on work(sow, approved_at) where invoice is null;

create table invoice_seen(
  key text primary key,
  sow text not null,
  currency text not null,
  net integer not null,
  version integer not null,
  seen_at integer not null,
  shown_at integer
) without rowid;
create index invoice_seen_sow on invoice_seen(sow);
