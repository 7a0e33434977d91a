-- name: suppressed
-- tag: router
select c.id, s.reason from contacts c join suppressions s on s.tenant_id = $1 and s.email_key = c.email_key where c.tenant_id = $1 and c.id = any($2::uuid[]);
