-- name: suppress_again
-- tag: router
insert into suppressions (tenant_id, id, email_address, email_key, reason, source, created_at, updated_at)
select e.tenant_id, u.id, u.key, u.key, e.reason, 'erased', e.suppressed_at, $2
from unnest($3::uuid[], $4::text[], $5::text[]) as u (id, hash, key)
  join erased_suppressions e on e.tenant_id = $1 and e.email_hash = u.hash
on conflict do nothing returning id;

-- name: forget
-- tag: router
delete from erased_suppressions where tenant_id = $1 and email_hash = any($2::text[]);
