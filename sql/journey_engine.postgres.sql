-- The engine of journeys, where PostgreSQL takes arrays and skips locked rows.

-- name: claim
-- tag: router
-- The longest due first. Locked until the turn is written, so nobody goes two ways at once.
select id, contact_id, version, status, node_id, visit, due_at, arrived_at, entered_at, failures, not_before, calling, orders, error, variables, event, goals from journey_executions
where tenant_id = $1 and journey_id = $2 and due_at <= $3 and ($5 or orders is not null) order by due_at limit $4 for update skip locked;

-- name: usable
-- tag: router
-- Which of the things that a journey names can be used now.
select id, current_version_id from email_templates where tenant_id = $1 and id = any($2::uuid[]) and archived_at is null
union all select id, null from sender_identities where tenant_id = $1 and id = any($2::uuid[]) and verified and deleted_at is null
union all select id, null from marketing_segments where tenant_id = $1 and id = any($2::uuid[]) and not is_dynamic and deleted_at is null
union all select id, null from journeys where tenant_id = $1 and id = any($2::uuid[]) and status = 'active';

-- name: store
-- tag: router
update journey_executions e set status = u.status, node_id = u.node_id, visit = u.visit, due_at = u.due_at, arrived_at = u.arrived_at, ended_at = u.ended_at, reason = u.reason,
  failures = u.failures, not_before = u.not_before, calling = u.calling, orders = null, held_at = u.held_at, error = u.error, variables = u.variables, event = u.event, goals = u.goals,
  updated_at = $2
from unnest($3::uuid[], $4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::int[], $12::timestamptz[], $13::boolean[],
            $14::timestamptz[], $15::text[], $16::jsonb[], $17::jsonb[], $18::jsonb[])
  as u (id, status, node_id, visit, due_at, arrived_at, ended_at, reason, failures, not_before, calling, held_at, error, variables, event, goals)
where e.tenant_id = $1 and e.id = u.id;

-- name: add_steps
-- tag: router
insert into journey_steps (tenant_id, journey_id, execution_id, visit, version, node_id, kind, exit, outcome, arrived_at, left_at, trace)
select $1, $2, u.execution_id, u.visit, u.version, u.node_id, u.kind, u.exit, u.outcome, u.arrived_at, u.left_at, u.trace
from unnest($3::uuid[], $4::int[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::jsonb[])
  as u (execution_id, visit, version, node_id, kind, exit, outcome, arrived_at, left_at, trace)
on conflict do nothing
returning visit;

-- name: add_waits
-- tag: router
insert into journey_event_waits (tenant_id, contact_id, event_type, execution_id)
select $1, u.contact_id, u.event_type, u.execution_id from unnest($2::uuid[], $3::text[], $4::uuid[]) as u (contact_id, event_type, execution_id)
on conflict do nothing;

-- name: drop_waits
-- tag: router
delete from journey_event_waits w using unnest($2::uuid[], $3::text[], $4::uuid[]) as u (contact_id, event_type, execution_id)
where w.tenant_id = $1 and w.contact_id = u.contact_id and w.event_type = u.event_type and w.execution_id = u.execution_id;

-- name: wake
-- tag: router
-- Those who wait for these events of these contacts are looked at now.
update journey_executions e set due_at = $2
from (select w.execution_id from journey_event_waits w join unnest($3::uuid[], $4::text[]) as u (contact_id, event_type)
      on w.contact_id = u.contact_id and w.event_type = u.event_type where w.tenant_id = $1 order by 1) woken
where e.tenant_id = $1 and e.id = woken.execution_id and e.held_at is null and e.status in ('active', 'waiting') and (e.due_at is null or e.due_at > $2);

-- name: admit
-- tag: router
-- Who may come in, by when they came last.
insert into journey_entrants (tenant_id, journey_id, contact_id, last_entered_at, compared_with)
select $1, u.journey_id, c.id, $2, u.latest from unnest($3::uuid[], $4::uuid[], $5::timestamptz[]) as u (journey_id, contact_id, latest)
  join contacts c on c.tenant_id = $1 and c.id = u.contact_id
order by 2, 3
on conflict (tenant_id, journey_id, contact_id) do update set last_entered_at = excluded.last_entered_at, compared_with = excluded.compared_with
where journey_entrants.last_entered_at <= excluded.compared_with
returning journey_id, contact_id;

-- name: entries_since
-- tag: router
-- How often they came in.
select u.journey_id, u.contact_id, count(*) from unnest($3::uuid[], $4::uuid[]) as u (journey_id, contact_id)
  join journey_executions e on e.tenant_id = $1 and e.contact_id = u.contact_id and e.journey_id = u.journey_id and e.entered_at > $2
group by 1, 2;

-- name: enter
-- tag: router
insert into journey_executions (tenant_id, id, journey_id, version, contact_id, entry_key, status, node_id, visit, due_at, arrived_at, entered_at, variables, event, goals, updated_at)
select $1, u.id, u.journey_id, u.version, c.id, u.entry_key, 'active', u.node_id, 1, $2, $2, $2, u.variables, u.event, '[]', $2
from unnest($3::uuid[], $4::uuid[], $5::int[], $6::uuid[], $7::text[], $8::text[], $9::jsonb[], $10::jsonb[])
  as u (id, journey_id, version, contact_id, entry_key, node_id, variables, event)
  join contacts c on c.tenant_id = $1 and c.id = u.contact_id
on conflict do nothing
returning id;

-- name: end_others
-- tag: router
update journey_executions e set orders = $2, due_at = $3
from unnest($4::uuid[], $5::uuid[]) as u (journey_id, contact_id)
where e.tenant_id = $1 and e.journey_id = u.journey_id and e.contact_id = u.contact_id and e.status in ('active', 'waiting');

-- name: set_aside
-- tag: router
-- Those that a turn could not be taken for: held, with what went wrong, until somebody looks.
update journey_executions set held_at = $2, due_at = null, error = $3 where tenant_id = $1 and id = any($4::uuid[]);
