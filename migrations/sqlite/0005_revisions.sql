-- Every change of the routes, append-only: who, when, what, and what leads from the table before to the one after.
-- change is JSON in no language; content is compressed JSON, a difference or (is_snapshot) the whole table, which is
-- kept again when the differences since the last one exceed its size.
create table route_revisions (
    id integer primary key,
    changed_ms bigint not null,
    changed_by text,
    change text not null,
    is_snapshot boolean not null,
    content blob not null,
    since_bytes bigint not null,
    snapshot_bytes bigint not null
);

-- By which revision of the routes a call was decided, and how long that took.
alter table decisions add column revision bigint;
alter table decisions add column took_us bigint;
