-- Segments and their members.

-- name: insert
-- tag: router
insert into marketing_segments (tenant_id, id, name, description, is_dynamic, conditions, member_count, generation, created_by, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, $8);

-- name: update
-- tag: router
update marketing_segments set name = $3, description = $4, conditions = $5, updated_at = $6 where tenant_id = $1 and id = $2;

-- name: find
-- tag: router
select id, name, description, is_dynamic, conditions, member_count, last_calculated_at, calculation_error, created_at, updated_at
from marketing_segments where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: list
-- tag: router
select id, name, description, is_dynamic, conditions, member_count, last_calculated_at, calculation_error, created_at, updated_at
from marketing_segments where tenant_id = $1 and id < $2 and deleted_at is null order by id desc limit $3;

-- name: remove
-- tag: router
update marketing_segments set deleted_at = $3, updated_at = $3 where tenant_id = $1 and id = $2;

-- name: members
-- tag: router
select c.id, c.email, c.first_name, c.last_name, m.added_at from segment_memberships m join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.segment_id = $2 and m.contact_id < $3 order by m.contact_id desc limit $4;

-- name: add_member
-- tag: router
insert into segment_memberships (tenant_id, segment_id, contact_id, added_at) select $1, $2, id, $4 from contacts where tenant_id = $1 and id = $3
on conflict do nothing returning contact_id;

-- name: remove_member
-- tag: router
delete from segment_memberships where tenant_id = $1 and segment_id = $2 and contact_id = $3 returning contact_id;

-- name: count_members
-- tag: router
select count(*) from segment_memberships where tenant_id = $1 and segment_id = $2;

-- name: calculated
-- tag: router
update marketing_segments set member_count = $3, generation = generation + 1, last_calculated_at = $4, calculation_ms = $5, calculation_error = null
where tenant_id = $1 and id = $2;

-- name: calculation_failed
-- tag: router
update marketing_segments set calculation_error = $3, last_calculated_at = $4 where tenant_id = $1 and id = $2;

-- name: stale
-- tag: fanout
select tenant_id, id from marketing_segments
where is_dynamic and deleted_at is null and (last_calculated_at is null or last_calculated_at < $1) order by last_calculated_at limit 500;
