-- Whom events are about.

-- name: people
-- tag: router
select id, email_key from contacts where tenant_id = $1 and (id = any($2::uuid[]) or email_key = any($3::text[]));
