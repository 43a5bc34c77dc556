-- What people call their own lines (kind 1) and agents (kind 2); subject as calls have it. Facts of their own: not derived.
create table names (
    kind smallint not null,
    subject text not null,
    name text not null,
    primary key (kind, subject)
) without rowid;

-- Who has an outside number, E.164.
create table contacts (
    number text primary key,
    name text not null,
    company text
) without rowid;
