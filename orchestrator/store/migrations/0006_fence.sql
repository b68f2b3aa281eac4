-- Who may write: the newest opening of this store. Each opening takes the next token; a write under an older one is refused.
create table fence(
  one integer primary key check(one = 1),
  token integer not null
);
insert into fence values(1, 0);
