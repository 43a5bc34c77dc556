-- Every mark is kept, with who made it, so that the last one can be taken back.
create table marks (
    party text not null,
    done_ms bigint not null,
    -- Null where nobody has signed in.
    done_by text,
    primary key (party, done_ms)
) without rowid;
insert into marks (party, done_ms) select party, done_ms from callbacks_done;
drop table callbacks_done;
alter table marks rename to callbacks_done;
create index callbacks_done_by_time on callbacks_done (done_ms);
