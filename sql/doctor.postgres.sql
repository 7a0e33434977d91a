-- What the doctor asks the database about itself.

-- name: settings
-- tag: utility
select name, setting from pg_settings
where name in ('server_version', 'synchronous_commit', 'fsync', 'full_page_writes', 'max_connections', 'transaction_read_only', 'server_encoding');
