-- What the business was alerted of: one row from the moment something is late until it no longer is.
create table alert(
  seq integer primary key,
  at integer not null,
  code text not null,
  system text not null,
  flow text not null,
  subject text not null,
  since integer not null,
  cleared_at integer
);
create unique index alert_open on alert(code, system, flow) where cleared_at is null;
create index invoice_unshown on invoice_seen(key) where shown_at is null;
