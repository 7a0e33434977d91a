-- Suppressed addresses of erased people, as keyed hashes.

-- name: any
-- tag: router
select 1 from erased_suppressions where tenant_id = $1 limit 1;

-- name: keep
-- tag: router
insert into erased_suppressions (tenant_id, email_hash, reason, suppressed_at)
select s.tenant_id, $2, s.reason, s.created_at from suppressions s where s.tenant_id = $1 and s.email_key = $3
on conflict do nothing;

-- name: drop_suppression
-- tag: router
delete from suppressions where tenant_id = $1 and email_key = $2;
