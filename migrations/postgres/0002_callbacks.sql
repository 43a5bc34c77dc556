-- Every mark is kept, with who made it, so that the last one can be taken back.
-- done_by is null where nobody has signed in.
alter table callbacks_done add column done_by text;
alter table callbacks_done drop constraint callbacks_done_pkey;
alter table callbacks_done add primary key (party, done_ms);
create index callbacks_done_by_time on callbacks_done (done_ms);
