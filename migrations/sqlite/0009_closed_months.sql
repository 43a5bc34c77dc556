-- Months that are over, by their first day (days since 1970-01-01), each summed up from its cells. Derived: a month that is
-- missing is summed up again, and one of which a call changes goes.
create table closed_months (
    first_day integer primary key,
    sums blob not null
);
