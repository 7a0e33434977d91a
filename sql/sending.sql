-- Lanes and instances; what both databases say alike.

-- name: due_lanes
-- tag: fanout
select tenant_id, id, version, throttle_per_minute, tokens, tokens_at from send_lanes
where is_open and next_due_at <= $1 order by priority, served_at limit $2;

-- name: open_lane
-- tag: router
insert into send_lanes (tenant_id, id, campaign_id, priority, is_open, next_due_at, version, throttle_per_minute, tokens, tokens_at, served_at)
values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $6, $6)
on conflict (tenant_id, id) do update set is_open = excluded.is_open, throttle_per_minute = excluded.throttle_per_minute,
  next_due_at = case when excluded.next_due_at < send_lanes.next_due_at then excluded.next_due_at else send_lanes.next_due_at end,
  version = send_lanes.version + 1;

-- name: switch_lane
-- tag: router
update send_lanes set is_open = $3, next_due_at = case when $3 then $4 else next_due_at end, version = version + 1 where tenant_id = $1 and id = $2;

-- name: next_due
-- tag: router
select min(due_at) from messages where tenant_id = $1 and lane_id = $2 and status = 'queued';

-- name: postpone_lane
-- tag: router
update send_lanes set next_due_at = $3 where tenant_id = $1 and id = $2 and version = $4;

-- name: serve_lane
-- tag: router
update send_lanes set served_at = $3, tokens = $4, tokens_at = $3 where tenant_id = $1 and id = $2;

-- name: beat
-- tag: reference
insert into instances (id, host, started_at, heartbeat_at) values ($1, $2, $3, $3) on conflict (id) do update set heartbeat_at = excluded.heartbeat_at;

-- name: leave
-- tag: reference
update instances set stopped_at = $2 where id = $1;

-- name: dead_instances
-- tag: reference
select id from instances where stopped_at is null and heartbeat_at < $1;

-- name: sending_of
-- tag: fanout
-- What an instance had claimed and did not settle.
select tenant_id, id, fence, purpose, lane_id from messages where lease_owner = $1 and status = 'sending' limit 5000;

-- name: wake_lane
-- tag: router
-- Something in this lane is due at $3 at the latest; whether the lane is open stays as it is.
update send_lanes set next_due_at = case when next_due_at > $3 then $3 else next_due_at end, version = version + 1 where tenant_id = $1 and id = $2;
