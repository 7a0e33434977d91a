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
-- Without the drafts: hundreds of them would be much to read for what nobody looks at in a list.
select id, name, description, status, version, draft_changed, '{}', created_at, updated_at, activated_at, paused_at from journeys
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

-- name: execution
-- tag: router
select e.id, e.journey_id, j.name, e.version, e.contact_id, c.email, e.status, e.node_id, e.visit, e.arrived_at, e.entered_at, e.ended_at, e.due_at, e.held_at, e.reason,
       e.failures, e.error, e.orders, e.variables, e.event
from journey_executions e
  join journeys j on j.tenant_id = $1 and j.id = e.journey_id
  left join contacts c on c.tenant_id = $1 and c.id = e.contact_id
where e.tenant_id = $1 and e.id = $3 and e.journey_id = $2;

-- name: executions
-- tag: router
-- Newest first, those before ($3, $4).
select e.id, e.journey_id, j.name, e.version, e.contact_id, c.email, e.status, e.node_id, e.visit, e.arrived_at, e.entered_at, e.ended_at, e.due_at, e.held_at, e.reason,
       e.failures, e.error, e.orders, e.variables, e.event
from journey_executions e
  join journeys j on j.tenant_id = $1 and j.id = e.journey_id
  left join contacts c on c.tenant_id = $1 and c.id = e.contact_id
where e.tenant_id = $1 and e.journey_id = $2 and (e.entered_at, e.id) < ($3, $4) and (cast($6 as text) is null or e.status = $6)
  and (cast($7 as text) is null or cast(e.version as text) = $7) and (cast($8 as boolean) is null or (e.held_at is not null) = $8)
order by e.entered_at desc, e.id desc limit $5;

-- name: executions_held
-- tag: router
-- The same of those that are held: few as a rule, and found by their own index.
select e.id, e.journey_id, j.name, e.version, e.contact_id, c.email, e.status, e.node_id, e.visit, e.arrived_at, e.entered_at, e.ended_at, e.due_at, e.held_at, e.reason,
       e.failures, e.error, e.orders, e.variables, e.event
from journey_executions e
  join journeys j on j.tenant_id = $1 and j.id = e.journey_id
  left join contacts c on c.tenant_id = $1 and c.id = e.contact_id
where e.tenant_id = $1 and e.journey_id = $2 and (e.entered_at, e.id) < ($3, $4) and e.held_at is not null and (cast($6 as text) is null or e.status = $6)
  and (cast($7 as text) is null or cast(e.version as text) = $7)
order by e.entered_at desc, e.id desc limit $5;

-- name: executions_at_node
-- tag: router
-- The same of those at node $9: version by version, as the index wants it.
select e.id, e.journey_id, j.name, e.version, e.contact_id, c.email, e.status, e.node_id, e.visit, e.arrived_at, e.entered_at, e.ended_at, e.due_at, e.held_at, e.reason,
       e.failures, e.error, e.orders, e.variables, e.event
from journey_versions v
  join journey_executions e on e.tenant_id = $1 and e.journey_id = $2 and e.version = v.version and e.node_id = $9
  join journeys j on j.tenant_id = $1 and j.id = e.journey_id
  left join contacts c on c.tenant_id = $1 and c.id = e.contact_id
where v.tenant_id = $1 and v.journey_id = $2 and (e.entered_at, e.id) < ($3, $4) and (cast($6 as text) is null or e.status = $6)
  and (cast($7 as text) is null or cast(v.version as text) = $7) and (cast($8 as boolean) is null or (e.held_at is not null) = $8)
order by e.entered_at desc, e.id desc limit $5;

-- name: executions_of_contact
-- tag: router
-- Through all journeys, or one.
select e.id, e.journey_id, j.name, e.version, e.contact_id, c.email, e.status, e.node_id, e.visit, e.arrived_at, e.entered_at, e.ended_at, e.due_at, e.held_at, e.reason,
       e.failures, e.error, e.orders, e.variables, e.event
from journey_executions e
  join journeys j on j.tenant_id = $1 and j.id = e.journey_id
  left join contacts c on c.tenant_id = $1 and c.id = e.contact_id
where e.tenant_id = $1 and e.contact_id = $2 and (e.entered_at, e.id) < ($3, $4) and (cast($6 as text) is null or e.status = $6)
  and (cast($7 as text) is null or cast(e.version as text) = $7) and (cast($8 as boolean) is null or (e.held_at is not null) = $8)
  and (cast($9 as text) is null or e.node_id = $9) and (cast($10 as uuid) is null or e.journey_id = $10)
order by e.entered_at desc, e.id desc limit $5;

-- name: contact
-- tag: router
select id from contacts where tenant_id = $1 and id = $2;

-- name: contact_by_email
-- tag: router
select id from contacts where tenant_id = $1 and email_key = $2;

-- name: contact_by_external_id
-- tag: router
select id from contacts where tenant_id = $1 and external_id = $2;

-- name: steps
-- tag: router
select visit, node_id, kind, exit, outcome, arrived_at, left_at, trace from journey_steps where tenant_id = $1 and execution_id = $2 order by visit desc limit $3;

-- name: messages
-- tag: router
select id, visit, channel, status, skip_reason, sent_at from messages where tenant_id = $1 and source_id = $2 order by created_at desc, id desc limit $3;

-- name: waits_for
-- tag: router
select event_type from journey_event_waits where tenant_id = $1 and execution_id = $2 order by event_type;

-- name: step_counts
-- tag: router
select node_id, min(kind), coalesce(exit, ''), outcome, count(*) from journey_steps
where tenant_id = $1 and journey_id = $2 and (cast($3 as text) is null or cast(version as text) = $3) group by node_id, coalesce(exit, ''), outcome;

-- name: here_counts
-- tag: router
-- Who is at each node now.
select node_id, count(*), count(held_at) from journey_executions
where tenant_id = $1 and journey_id = $2 and status in ('active', 'waiting') and (cast($3 as text) is null or cast(version as text) = $3) group by node_id;

-- name: end_counts
-- tag: router
select status, coalesce(reason, ''), count(*), sum(case when cast(goals as text) = '[]' then 0 else 1 end) from journey_executions
where tenant_id = $1 and journey_id = $2 and (cast($3 as text) is null or cast(version as text) = $3) group by status, coalesce(reason, '');

-- name: order
-- tag: router
-- To be carried out at the next look, which is now. Nothing when it has ended meanwhile.
update journey_executions set orders = $4, due_at = $5, held_at = null, updated_at = $5
where tenant_id = $1 and journey_id = $2 and id = $3 and status in ('active', 'waiting') returning id;

-- name: retry
-- tag: router
-- A webhook that is being called keeps its time: without it, it would count as failed.
update journey_executions set due_at = case when calling and held_at is null then due_at else $4 end, not_before = case when calling then not_before end, held_at = null,
  updated_at = $4
where tenant_id = $1 and journey_id = $2 and id = $3 and status in ('active', 'waiting') returning id;

-- name: release
-- tag: router
-- So many of those that are held.
update journey_executions set due_at = $3, held_at = null, not_before = case when calling then not_before end, updated_at = $3
where tenant_id = $1 and id in (select h.id from journey_executions h where h.tenant_id = $1 and h.journey_id = $2 and h.held_at is not null and h.status in ('active', 'waiting')
                                order by h.id limit $4)
  and held_at is not null returning id;

-- name: insert_migration
-- tag: router
insert into journey_migrations (tenant_id, id, journey_id, from_version, to_version, map, status, created_by, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $8) on conflict do nothing returning id;

-- name: migration
-- tag: router
select id, journey_id, from_version, to_version, map, status, moved, exited, returned, created_at, updated_at from journey_migrations where tenant_id = $1 and journey_id = $2 and id = $3;

-- name: migrations
-- tag: router
select id, journey_id, from_version, to_version, map, status, moved, exited, returned, created_at, updated_at from journey_migrations where tenant_id = $1 and journey_id = $2 and id < $3 order by id desc limit $4;

-- name: take_migration
-- tag: router
-- One at a time works on it; nothing when it is not in this state any more.
update journey_migrations set updated_at = $5 where tenant_id = $1 and journey_id = $2 and id = $3 and status = $4 returning id;

-- name: advance_migration
-- tag: router
update journey_migrations set moved = moved + $4, exited = exited + $5, returned = returned + $6, updated_at = $7 where tenant_id = $1 and journey_id = $2 and id = $3;

-- name: end_migration
-- tag: router
update journey_migrations set status = $5, updated_at = $6 where tenant_id = $1 and journey_id = $2 and id = $3 and status = $4;

-- name: begin_rollback
-- tag: router
update journey_migrations set status = 'rolling_back', updated_at = $4 where tenant_id = $1 and journey_id = $2 and id = $3 and status in ('running', 'completed') returning id;

-- name: other_running
-- tag: router
select id from journey_migrations where tenant_id = $1 and journey_id = $2 and status in ('running', 'rolling_back') and id <> $3;
