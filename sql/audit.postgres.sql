-- Who changed what.

-- name: insert
-- tag: router
insert into audit_logs (tenant_id, id, entity_type, entity_id, action, actor_kind, actor_id, request_id, ip_address, changes, created_at)
select $1, u.id, u.entity_type, u.entity_id, u.action, $2, $3, $4, $5, u.changes, $6
from unnest($7::uuid[], $8::text[], $9::uuid[], $10::text[], $11::jsonb[]) as u (id, entity_type, entity_id, action, changes)
on conflict do nothing;
