-- What is looked for often, so that a look costs the same in the first week and in the last.
create index work_sow on work(sow, state, invoice, net);
create index inbox_settled on inbox(settled_at, seq) where settled_at is not null;
