-- Lanes, budgets and instances; what both databases say alike.

-- name: due_lanes
-- tag: fanout
-- Lanes with something due, and the provider that their sender uses.
select l.tenant_id, l.id, l.priority, l.served_at, p.id, p.breaker
from send_lanes l
  left join campaigns k on k.tenant_id = l.tenant_id and k.id = l.campaign_id
  left join sender_identities i on i.tenant_id = l.tenant_id and i.id = coalesce(k.sender_id, l.sender_id)
  left join providers p on p.tenant_id = l.tenant_id and p.id = i.provider_id
where l.is_open and l.next_due_at <= $1 order by l.next_due_at limit $2;

-- name: open_lane
-- tag: router
insert into send_lanes (tenant_id, id, campaign_id, priority, is_open, next_due_at, version, throttle_per_minute, tokens, tokens_at, served_at)
values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $6, $6)
on conflict (tenant_id, id) do update set is_open = excluded.is_open, throttle_per_minute = excluded.throttle_per_minute,
  next_due_at = case when excluded.next_due_at < send_lanes.next_due_at then excluded.next_due_at else send_lanes.next_due_at end,
  version = send_lanes.version + 1;

-- name: open_direct_lane
-- tag: router
-- The lane of direct messages of one sender and priority; something in it is due at $5.
insert into send_lanes (tenant_id, id, sender_id, priority, is_open, next_due_at, version, tokens, tokens_at, served_at)
values ($1, $2, $3, $4, true, $5, 1, 0, $6, $6)
on conflict (tenant_id, id) do update set
  next_due_at = case when excluded.next_due_at < send_lanes.next_due_at then excluded.next_due_at else send_lanes.next_due_at end,
  version = send_lanes.version + 1;

-- name: switch_lane
-- tag: router
update send_lanes set is_open = $3, next_due_at = case when $3 then $4 else next_due_at end, version = version + 1 where tenant_id = $1 and id = $2;

-- name: next_due
-- tag: router
select min(due_at) from messages where tenant_id = $1 and lane_id = $2 and status = 'queued';

-- name: hold_lane
-- tag: router
-- Nothing is claimed from it before $3; explained by $5.
update send_lanes set next_due_at = $3, held_by = $5 where tenant_id = $1 and id = $2 and version = $4;

-- name: serve_lane
-- tag: router
update send_lanes set served_at = $3, next_due_at = $4, tokens = $5, tokens_at = $6, held_by = $7 where tenant_id = $1 and id = $2;

-- name: spend
-- tag: router
update rate_limits set tokens = $4, tokens_at = $5, used = $6 where tenant_id = $1 and name = $2 and span = $3;

-- name: settings
-- tag: router
select max_attempts, frequency_messages, frequency_days from sending_settings where tenant_id = $1;

-- name: keep_settings
-- tag: router
insert into sending_settings (tenant_id, max_attempts, frequency_messages, frequency_days, updated_at) values ($1, $2, $3, $4, $5)
on conflict (tenant_id) do update set max_attempts = excluded.max_attempts, frequency_messages = excluded.frequency_messages,
  frequency_days = excluded.frequency_days, updated_at = excluded.updated_at;

-- name: limits
-- tag: router
select name, span, capacity, tokens, tokens_at, used from rate_limits where tenant_id = $1 order by name, span;

-- name: keep_limit
-- tag: router
-- A changed capacity keeps what was used.
insert into rate_limits (tenant_id, name, span, capacity, tokens, tokens_at, used) values ($1, $2, $3, $4, 1, $5, '[]')
on conflict (tenant_id, name, span) do update set capacity = excluded.capacity;

-- name: remove_limit
-- tag: router
delete from rate_limits where tenant_id = $1 and name = $2 and span = $3;

-- name: wake_held_lanes
-- tag: router
-- Other budgets, other waits.
update send_lanes set next_due_at = $2, version = version + 1 where tenant_id = $1 and held_by is not null and next_due_at > $2;

-- name: beat
-- tag: reference
-- Says whether this instance had been given up.
insert into instances (id, host, started_at, heartbeat_at) values ($1, $2, $3, $3) on conflict (id) do update set heartbeat_at = excluded.heartbeat_at
returning stopped_at;

-- name: revive
-- tag: reference
update instances set stopped_at = null, heartbeat_at = $2 where id = $1;

-- name: leave
-- tag: reference
update instances set stopped_at = $2 where id = $1;

-- name: bury
-- tag: reference
-- Only if its heart has really not beaten since it was last looked at.
update instances set stopped_at = $3 where id = $1 and heartbeat_at = $2 and stopped_at is null returning id;

-- name: hearts
-- tag: reference
select id, heartbeat_at from instances where stopped_at is null;

-- name: forget_instances
-- tag: reference
delete from instances where stopped_at < $1;

-- name: owners
-- tag: fanout
-- Who holds claimed messages.
select distinct lease_owner from messages where status = 'sending';

-- name: sending_of
-- tag: fanout
-- What an instance had claimed and did not settle.
select tenant_id, id, fence, purpose, lane_id from messages where lease_owner = $1 and status = 'sending' limit 5000;

-- name: keep_breaker
-- tag: router
update providers set breaker = $3 where tenant_id = $1 and id = $2;

-- name: close_uncertain
-- tag: fanout
-- What nobody has told of for so long will not be told any more.
update messages set uncertain_closed_at = $2 where status = 'uncertain' and uncertain_closed_at is null and updated_at < $1;

-- name: waiting
-- tag: router
-- What a queued message waits for.
select m.status, m.due_at, m.attempt_count, m.error, l.is_open, l.next_due_at, l.held_by, k.status, p.id, p.breaker
from messages m
  left join send_lanes l on l.tenant_id = $1 and l.id = m.lane_id
  left join campaigns k on k.tenant_id = $1 and k.id = m.campaign_id
  left join sender_identities i on i.tenant_id = $1 and i.id = m.sender_id
  left join providers p on p.tenant_id = $1 and p.id = i.provider_id
where m.tenant_id = $1 and m.id = $2;

-- name: wake_lane
-- tag: router
-- Something in this lane is due at $3 at the latest; whether the lane is open stays as it is.
update send_lanes set next_due_at = case when next_due_at > $3 then $3 else next_due_at end, version = version + 1 where tenant_id = $1 and id = $2;
