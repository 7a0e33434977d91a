-- What the doctor asks the database about itself.

-- name: settings
-- tag: utility
select 'server_version', sqlite_version()
union all select 'journal_mode', journal_mode from pragma_journal_mode
union all select 'synchronous', cast(synchronous as text) from pragma_synchronous
union all select 'quick_check', quick_check from pragma_quick_check(1);
