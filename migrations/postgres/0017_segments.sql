-- Spans of time whose calls are packed in columns, so that statistics by line, by person and their combinations need not read
-- calls row by row. Derived: what is missing is packed again. Complete spans do not overlap.
create table spans (
    id bigint generated always as identity primary key,
    start_ms bigint not null,
    end_ms bigint not null,
    is_complete boolean not null,
    calls bigint not null,
    classes text not null,
    routes text not null
);
create index spans_by_end on spans (end_ms, start_ms);

-- The calls of a span by kind and subject: 1 of a line, 2 of a SIP user; 3 and 4 are the names and numbers that these refer to.
create table segments (
    span_id bigint not null,
    kind smallint not null,
    subject text not null,
    packed bytea not null,
    primary key (span_id, kind, subject)
);

-- The calls that changed after their span was packed, by their start then and now: statistics read these row by row.
create table changed_calls (
    started_ms bigint not null,
    call_key bigint not null,
    changes bigint not null,
    primary key (started_ms, call_key)
);

-- They are packed already.
alter table segments alter column packed set storage external;
