-- name: find_for_change
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id = $2 for update;

-- name: attribute_keys
-- tag: router
select distinct k.name from contacts c cross join lateral jsonb_object_keys(c.attributes) as k (name)
where c.tenant_id = $1 order by k.name limit 500;
