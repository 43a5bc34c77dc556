-- What a call has beyond the events that are folded: kept in the log, but never read to store one more. Which ones these are
-- depends on receive time and digest alone: of bodies of more than 4096 bytes all but the first 16, of others all but the first
-- 500.
create table surplus_events (
    call_key bigint not null references calls (id),
    digest blob not null,
    received_ms bigint not null,
    deliveries integer not null,
    body blob not null,
    primary key (call_key, digest)
) without rowid;

insert into surplus_events (call_key, digest, received_ms, deliveries, body)
    select call_key, digest, received_ms, deliveries, body from (
        select events.*, length(body) > 4096 as is_large, row_number() over (
            partition by call_key, length(body) > 4096 order by received_ms, digest
        ) as place
        from events where call_key in (select id from calls where event_count > 16)
    ) placed
    where place > case when is_large then 16 else 500 end;
delete from events where (call_key, digest) in (select call_key, digest from surplus_events);

-- Their calls are folded again at the next start.
insert into settings (name, value) select 'fold-again', 'yes' where exists (select 1 from surplus_events);
