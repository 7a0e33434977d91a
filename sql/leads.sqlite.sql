-- name: find_for_change
-- tag: router
select id, name, domain, attributes, created_at, updated_at from leads where tenant_id = $1 and id = $2;
