-- Calls between colleagues (direction 3) were inbound or outbound. They are folded again at the next start, of which a line
-- in the log tells. Nobody outside has a name with an @ or of five characters.
insert into settings (name, value)
    select 'fold-internal', 'yes' where exists (
        select 1 from calls where direction in (1, 2)
        and (from_number like '%@%' or length(from_number) <= 5) and (to_number like '%@%' or length(to_number) <= 5)
    );
