-- Who changed what.

-- name: insert
-- tag: router
insert into audit_logs (tenant_id, id, entity_type, entity_id, action, actor_kind, actor_id, request_id, ip_address, changes, created_at)
select $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, $2, $3, $4, $5, value ->> 4, $6
from json_each($7);
