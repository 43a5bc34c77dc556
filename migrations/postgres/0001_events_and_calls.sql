-- The log is the truth: calls and cells are derived from events and can be derived again.

-- One row per call. call_id is packed: a tag byte, then 32 bytes for 64 hex digits or the text itself;
-- a long text key would make every lookup two to three times as dear at ten million calls.
create table calls (
    id bigint primary key,
    call_id bytea not null unique,
    direction smallint,
    from_number text,
    to_number text,
    number text,
    party text,
    peer text,
    has_incoming boolean not null,
    in_hours boolean not null,
    started_ms bigint not null,
    accepted_ms bigint,
    ended_ms bigint,
    ending smallint,
    talk_seconds integer,
    event_count integer not null
);
create index calls_by_start on calls (started_ms, id);
create index calls_by_party on calls (party, started_ms) where party is not null;

-- One row per distinct body of a call, kept beside each other; digest is the first half of its SHA-256.
create table events (
    call_key bigint not null references calls (id),
    digest bytea not null,
    received_ms bigint not null,
    deliveries integer not null,
    body bytea not null,
    primary key (call_key, digest)
);

-- What the PBX was told for a call; route_id is null when no route matched. A fact of its own: not derived.
create table decisions (
    call_key bigint primary key references calls (id),
    route_id bigint,
    route_name text,
    xml text not null,
    decided_ms bigint not null
);

-- Statistics by difference: one packed cell per tier, time and subject.
create table cells (
    tier smallint not null,
    bucket bigint not null,
    subject text not null,
    figures bytea not null,
    primary key (tier, bucket, subject)
);

-- definition is the JSON of to, from, hours and reply.
create table routes (
    id bigint generated always as identity primary key,
    version bigint not null,
    position bigint not null,
    enabled boolean not null,
    name text not null,
    definition text not null
);

-- What the stored figures depend on, and counters.
create table settings (
    name text primary key,
    value text not null
);

-- Marked by hand as rung back; a fact of its own: not derived.
create table callbacks_done (
    party text primary key,
    done_ms bigint not null
);
