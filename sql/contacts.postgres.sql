-- name: find_for_change
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id = $2 for update;

-- name: attribute_keys
-- tag: router
select distinct k.name from contacts c cross join lateral jsonb_object_keys(c.attributes) as k (name)
where c.tenant_id = $1 order by k.name limit 500;

-- name: lock_many
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id = any($2::uuid[]) order by id for update;

-- name: set_many
-- tag: router
update contacts c set tags = u.tags, attributes = u.attributes, updated_at = u.at
from unnest($2::uuid[], $3::jsonb[], $4::jsonb[], $5::timestamptz[]) as u (id, tags, attributes, at)
where c.tenant_id = $1 and c.id = u.id returning c.id;
