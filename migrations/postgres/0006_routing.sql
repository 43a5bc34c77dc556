-- What routes share, by name: key is the name in lower case, version the counter of routes when it was changed last.
-- entries is a JSON list of numbers.
create table lists (
    key text primary key,
    name text not null,
    version bigint not null,
    entries text not null
);

-- hours is null where it is always open; closed is a JSON list of days: start, end, name.
create table schedules (
    key text primary key,
    name text not null,
    version bigint not null,
    hours text,
    closed text not null
);
