-- name: list_by_tag
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and tags @> jsonb_build_array(cast($2 as text)) and id < $3 order by id desc limit $4;
