-- name: lock_contacts
-- tag: router
select id, tags, updated_at from contacts where tenant_id = $1 and id = any($2::uuid[]) order by id for update;

-- name: set_tags
-- tag: router
update contacts c set tags = u.tags, updated_at = u.at from unnest($2::uuid[], $3::jsonb[], $4::timestamptz[]) as u (id, tags, at)
where c.tenant_id = $1 and c.id = u.id returning c.id;
