-- Closed months hold what totals and charts need of them, too. Derived: those that are there go, and are summed up again.
drop table closed_months;
create table closed_months (
    first_day integer primary key,
    sums blob not null,
    calls blob not null
);

-- Who calls most often is counted along this index, without a look at the calls.
drop index calls_by_start;
create index calls_by_start on calls (started_ms, id, direction, party);
