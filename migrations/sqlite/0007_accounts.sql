-- Who may come in. key is the name in lower case; role: 1 admin, 2 viewer; password is argon2id (PHC); lines is a JSON
-- list of own numbers, null = all.
create table users (
    id integer primary key autoincrement,
    key text not null unique,
    name text not null,
    role smallint not null,
    password text not null,
    lines text,
    created_ms bigint not null
);

-- Whoever is logged in; hash is the SHA-256 of what the cookie holds, agent the browser as it names itself.
create table sessions (
    id integer primary key autoincrement,
    hash blob not null unique,
    user_id bigint not null references users (id) on delete cascade,
    agent text not null,
    created_ms bigint not null,
    seen_ms bigint not null
);
create index sessions_by_user on sessions (user_id);

-- API tokens; hash is the SHA-256 of the token.
create table tokens (
    id integer primary key autoincrement,
    key text not null unique,
    name text not null,
    role smallint not null,
    hash blob not null unique,
    created_ms bigint not null
);

-- Who changed what, append-only: action is a word in no language, about what it was done to.
create table audit (
    id integer primary key autoincrement,
    at_ms bigint not null,
    who text,
    action text not null,
    about text
);
