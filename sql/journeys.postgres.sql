-- What a definition speaks of, on PostgreSQL: lists are told in its own way.

-- name: templates
-- tag: router
select id, channel, archived_at is not null from email_templates where tenant_id = $1 and id = any($2::uuid[]) and not is_inline;

-- name: senders
-- tag: router
select id, verified from sender_identities where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null;

-- name: segments
-- tag: router
select id, is_dynamic from marketing_segments where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null;

-- name: others
-- tag: router
select id, status from journeys where tenant_id = $1 and id = any($2::uuid[]);

-- name: to_migrate
-- tag: router
-- Whoever stands at one of these nodes by the old version, and is not in the middle of something. The columns are those of the engine's claim.
select e.id, e.contact_id, e.version, e.status, e.node_id, e.visit, coalesce(e.due_at, cast($5 as timestamptz)), e.arrived_at, e.entered_at, e.failures, e.not_before, e.calling, e.orders, e.error, e.variables, e.event, e.goals,
       e.held_at
from journey_executions e
where e.tenant_id = $1 and e.journey_id = $2 and e.version = $3 and e.node_id = any($4::text[]) and e.status in ('active', 'waiting') and not e.calling and e.orders is null
order by e.id limit $6 for update;

-- name: left_to_migrate
-- tag: router
select count(*) from journey_executions where tenant_id = $1 and journey_id = $2 and version = $3 and node_id = any($4::text[]) and status in ('active', 'waiting');

-- name: to_return
-- tag: router
-- Whoever still stands where migration $5 put them, with the place and the time they had before.
select e.id, e.contact_id, e.version, e.status, e.node_id, e.visit, coalesce(e.due_at, cast($6 as timestamptz)), e.arrived_at, e.entered_at, e.failures, e.not_before, e.calling, e.orders, e.error, e.variables, e.event, e.goals,
       e.held_at, s.node_id, s.arrived_at
from journey_steps s join journey_executions e on e.tenant_id = $1 and e.id = s.execution_id and e.visit = s.visit + 1 and e.version = $4
where s.tenant_id = $1 and s.journey_id = $2 and s.version = $3 and s.exit = 'migrated' and s.trace ->> 'migration' = $5 and e.status in ('active', 'waiting') and not e.calling
  and e.orders is null
order by e.id limit $7 for update of e;

-- name: set_version
-- tag: router
update journey_executions set version = $3 where tenant_id = $1 and id = any($2::uuid[]);

-- name: order_all
-- tag: router
update journey_executions set orders = $3, due_at = $4, held_at = null, updated_at = $4 where tenant_id = $1 and id = any($2::uuid[]);
