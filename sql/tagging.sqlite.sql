-- name: lock_contacts
-- tag: router
select id, tags, updated_at from contacts where tenant_id = $1 and id in (select value from json_each($2)) order by id;

-- name: set_tags
-- tag: router
update contacts as c set tags = u.value ->> 1, updated_at = u.value ->> 2 from json_each($2) as u
where c.tenant_id = $1 and c.id = u.value ->> 0 returning id;
