-- Closed months hold what totals and charts need of them, too. Derived: those that are there go, and are summed up again.
drop table closed_months;
create table closed_months (
    first_day bigint primary key,
    sums bytea not null,
    calls bytea not null
);
