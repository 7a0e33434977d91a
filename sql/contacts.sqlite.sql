-- name: find_for_change
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id = $2;

-- name: attribute_keys
-- tag: router
select distinct k.key from contacts c, json_each(c.attributes) as k where c.tenant_id = $1 order by k.key limit 500;

-- name: lock_many
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id in (select value from json_each($2)) order by id;

-- name: set_many
-- tag: router
update contacts as c set tags = u.value ->> 1, attributes = u.value ->> 2, updated_at = u.value ->> 3 from json_each($2) as u
where c.tenant_id = $1 and c.id = u.value ->> 0 returning id;
