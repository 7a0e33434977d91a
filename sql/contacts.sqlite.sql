-- name: list_by_tag
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and exists (select 1 from json_each(contacts.tags) where value = $2) and id < $3 order by id desc limit $4;
