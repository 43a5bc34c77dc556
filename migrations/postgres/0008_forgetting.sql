-- What is still known of forgotten callers who were missed, because it came from calls and marks that were not forgotten
-- with them: when there was contact, and when somebody marked them as done. A fact of its own: not derived.
create table forgotten_callers (
    call_key bigint primary key references calls (id),
    contact_ms bigint,
    done_ms bigint
);
