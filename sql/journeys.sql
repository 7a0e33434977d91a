-- Journeys and their versions; what both databases say alike.

-- name: insert
-- tag: router
insert into journeys (tenant_id, id, name, description, status, draft, version, draft_changed, created_by, created_at, updated_at)
values ($1, $2, $3, $4, 'draft', $5, 0, true, $6, $7, $7);

-- name: update
-- tag: router
-- Nothing when somebody else was faster than the one who read it at $3.
update journeys set name = $4, description = $5, status = $6, draft = $7, version = $8, draft_changed = $9, activated_at = $10, paused_at = $11, updated_at = $12
where tenant_id = $1 and id = $2 and updated_at = $3 returning id;

-- name: find
-- tag: router
select id, name, description, status, version, draft_changed, draft, created_at, updated_at, activated_at, paused_at from journeys where tenant_id = $1 and id = $2;

-- name: list
-- tag: router
select id, name, description, status, version, draft_changed, draft, created_at, updated_at, activated_at, paused_at from journeys
where tenant_id = $1 and id < $2 and ((cast($3 as text) is null and status <> 'archived') or status = $3) and (cast($4 as text) is null or fold(name) like $4 escape '!')
order by id desc limit $5;

-- name: named
-- tag: router
select id from journeys where tenant_id = $1 and name = $2 and status <> 'archived';

-- name: remove
-- tag: router
delete from journeys where tenant_id = $1 and id = $2 and updated_at = $3 and version = 0 returning id;

-- name: insert_version
-- tag: router
insert into journey_versions (tenant_id, journey_id, version, definition, note, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7);

-- name: versions
-- tag: router
select version, definition, note, created_by, created_at from journey_versions where tenant_id = $1 and journey_id = $2 and version < $3 order by version desc limit $4;

-- name: version
-- tag: router
select version, definition, note, created_by, created_at from journey_versions where tenant_id = $1 and journey_id = $2 and version = $3;
