-- The engine of journeys, where SQLite reads lists from JSON. There is one writer, so nothing is locked.

-- name: claim
-- tag: router
-- The longest due first. Locked until the turn is written, so nobody goes two ways at once.
select id, contact_id, version, status, node_id, visit, due_at, arrived_at, entered_at, failures, not_before, calling, orders, error, variables, event, goals from journey_executions
where tenant_id = $1 and journey_id = $2 and due_at <= $3 and ($5 or orders is not null) order by due_at limit $4;

-- name: usable
-- tag: router
-- Which of the things that a journey names can be used now.
select id, current_version_id from email_templates where tenant_id = $1 and id in (select value from json_each($2)) and archived_at is null
union all select id, null from sender_identities where tenant_id = $1 and id in (select value from json_each($2)) and verified and deleted_at is null
union all select id, null from marketing_segments where tenant_id = $1 and id in (select value from json_each($2)) and not is_dynamic and deleted_at is null
union all select id, null from journeys where tenant_id = $1 and id in (select value from json_each($2)) and status = 'active';

-- name: store
-- tag: router
update journey_executions as e set status = u.value ->> 1, node_id = u.value ->> 2, visit = cast(u.value ->> 3 as integer), due_at = u.value ->> 4, arrived_at = u.value ->> 5,
  ended_at = u.value ->> 6, reason = u.value ->> 7, failures = cast(u.value ->> 8 as integer), not_before = u.value ->> 9, calling = (u.value ->> 10) = 'true', orders = null,
  held_at = u.value ->> 11, error = u.value ->> 12, variables = u.value ->> 13, event = u.value ->> 14, goals = u.value ->> 15, updated_at = $2
from json_each($3) as u
where e.tenant_id = $1 and e.id = u.value ->> 0;

-- name: add_steps
-- tag: router
insert into journey_steps (tenant_id, journey_id, execution_id, visit, version, node_id, kind, exit, outcome, arrived_at, left_at, trace)
select $1, $2, value ->> 0, cast(value ->> 1 as integer), cast(value ->> 2 as integer), value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9
from json_each($3) where true
on conflict do nothing
returning visit;

-- name: add_waits
-- tag: router
insert into journey_event_waits (tenant_id, contact_id, event_type, execution_id)
select $1, value ->> 0, value ->> 1, value ->> 2 from json_each($2) where true
on conflict do nothing;

-- name: drop_waits
-- tag: router
delete from journey_event_waits
where tenant_id = $1 and (contact_id, event_type, execution_id) in (select value ->> 0, value ->> 1, value ->> 2 from json_each($2));

-- name: wake
-- tag: router
-- Those who wait for these events of these contacts are looked at now.
update journey_executions set due_at = $2
where tenant_id = $1 and held_at is null and status in ('active', 'waiting') and (due_at is null or due_at > $2)
  and id in (select w.execution_id from json_each($3) u join journey_event_waits w on w.tenant_id = $1 and w.contact_id = u.value ->> 0 and w.event_type = u.value ->> 1);

-- name: admit
-- tag: router
-- Who may come in, by when they came last.
insert into journey_entrants (tenant_id, journey_id, contact_id, last_entered_at, compared_with)
select $1, u.value ->> 0, c.id, $2, u.value ->> 2 from json_each($3) u join contacts c on c.tenant_id = $1 and c.id = u.value ->> 1
where true
on conflict (tenant_id, journey_id, contact_id) do update set last_entered_at = excluded.last_entered_at, compared_with = excluded.compared_with
where journey_entrants.last_entered_at <= excluded.compared_with
returning journey_id, contact_id;

-- name: entries_since
-- tag: router
-- How often they came in.
select u.value ->> 0, u.value ->> 1, count(*) from json_each($3) u
  join journey_executions e on e.tenant_id = $1 and e.contact_id = u.value ->> 1 and e.journey_id = u.value ->> 0 and e.entered_at > $2
group by 1, 2;

-- name: enter
-- tag: router
insert into journey_executions (tenant_id, id, journey_id, version, contact_id, entry_key, status, node_id, visit, due_at, arrived_at, entered_at, variables, event, goals, updated_at)
select $1, u.value ->> 0, u.value ->> 1, cast(u.value ->> 2 as integer), c.id, u.value ->> 4, 'active', u.value ->> 5, 1, $2, $2, $2, u.value ->> 6, u.value ->> 7, '[]', $2
from json_each($3) u join contacts c on c.tenant_id = $1 and c.id = u.value ->> 3
where true
on conflict do nothing
returning id;

-- name: end_others
-- tag: router
update journey_executions set orders = $2, due_at = $3
where tenant_id = $1 and status in ('active', 'waiting') and (journey_id, contact_id) in (select value ->> 0, value ->> 1 from json_each($4));

-- name: set_aside
-- tag: router
-- Those that a turn could not be taken for: held, with what went wrong, until somebody looks.
update journey_executions set held_at = $2, due_at = null, error = $3 where tenant_id = $1 and id in (select value from json_each($4));
