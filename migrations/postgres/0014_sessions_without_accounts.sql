-- Removing an account left its sessions behind on SQLite, which is not asked to keep references. Nobody came in by them.
delete from sessions where user_id not in (select id from users);
