-- name: list
-- tag: router
-- Newest first; a filter that is null does not filter. $5 is the last row of the page before. Comparing comes first: it gives the parameter its type.
select id, entity_type, entity_id, action, actor_kind, actor_id, request_id, ip_address, changes, created_at from audit_logs
where tenant_id = $1
  and (entity_type = $2 or $2 is null) and (entity_id = $3 or $3 is null) and (actor_id = $4 or $4 is null) and (id < $5 or $5 is null)
order by id desc limit $6;

-- name: of_request
-- tag: router
select id, entity_type, entity_id, action, actor_kind, actor_id, request_id, ip_address, changes, created_at from audit_logs
where tenant_id = $1 and actor_id = $2 and created_at >= $3 and request_id = $4 order by id limit 50;
