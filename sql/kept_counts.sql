-- Counts that took long, as they were counted last.

-- name: find
-- tag: router
select body, version, counted_at from kept_counts where tenant_id = $1 and name = $2;

-- name: keep
-- tag: router
-- The newest count stays, whoever is last to write it.
insert into kept_counts (tenant_id, name, version, body, counted_at) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, name) do update set version = excluded.version, body = excluded.body, counted_at = excluded.counted_at
  where kept_counts.counted_at <= excluded.counted_at;

-- name: forget
-- tag: router
delete from kept_counts where tenant_id = $1 and name = $2;
