-- Real people as the population of a simulation, in steps by their ids. Read only.

-- name: of_all
-- tag: router
select id from contacts where tenant_id = $1 and id > $2 order by id limit $3;

-- name: of_segment
-- tag: router
select contact_id from segment_memberships where tenant_id = $1 and segment_id = $4 and contact_id > $2 order by contact_id limit $3;
