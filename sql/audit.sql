-- name: list
-- tag: router
-- Newest first; a filter that is null does not filter. ($5, $6) is the last row of the page before.
select id, entity_type, entity_id, action, actor_kind, actor_id, request_id, ip_address, changes, created_at from audit_logs
where tenant_id = $1
  and (cast($2 as text) is null or entity_type = $2)
  and (cast($3 as text) is null or cast(entity_id as text) = $3)
  and (cast($4 as text) is null or cast(actor_id as text) = $4)
  and (cast($5 as text) is null or cast(id as text) < $5)
order by id desc limit $6;
