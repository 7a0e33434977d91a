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

-- name: insert_message
-- tag: router
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, contact_id, lane_id, template_version_id, sender_id, status, priority,
                      attempt_count, fence, due_at, scheduled_at, variables, created_at, updated_at)
values ($1, $2, 'outbound', 'email', $3, $4, '1', $5, $6, $7, $8, 'queued', $9, 0, 0, $10, $10, $11, $12, $12)
on conflict do nothing returning id;

-- name: message
-- tag: router
select id, campaign_id, contact_id, channel, purpose, status, skip_reason, attempt_count, priority, provider_message_id, scheduled_at, sent_at, error,
       delivered_at, opened_at, clicked_at, bounced_at, complained_at, unsubscribed_at, created_at, updated_at, template_version_id, sender_id
from messages where tenant_id = $1 and id = $2;

-- name: messages
-- tag: router
select id, campaign_id, contact_id, channel, purpose, status, skip_reason, attempt_count, priority, provider_message_id, scheduled_at, sent_at, error,
       delivered_at, opened_at, clicked_at, bounced_at, complained_at, unsubscribed_at, created_at, updated_at, template_version_id, sender_id
from messages
where tenant_id = $1 and (cast($2 as text) is null or status = $2) and (cast($3 as text) is null or channel = $3) and id < $4
order by id desc limit $5;

-- name: messages_of_campaign
-- tag: router
select id, campaign_id, contact_id, channel, purpose, status, skip_reason, attempt_count, priority, provider_message_id, scheduled_at, sent_at, error,
       delivered_at, opened_at, clicked_at, bounced_at, complained_at, unsubscribed_at, created_at, updated_at, template_version_id, sender_id
from messages
where tenant_id = $1 and campaign_id = $6 and (cast($2 as text) is null or status = $2) and (cast($3 as text) is null or channel = $3) and id < $4
order by id desc limit $5;

-- name: messages_of_contact
-- tag: router
select id, campaign_id, contact_id, channel, purpose, status, skip_reason, attempt_count, priority, provider_message_id, scheduled_at, sent_at, error,
       delivered_at, opened_at, clicked_at, bounced_at, complained_at, unsubscribed_at, created_at, updated_at, template_version_id, sender_id
from messages
where tenant_id = $1 and contact_id = $6 and (cast($2 as text) is null or status = $2) and (cast($3 as text) is null or channel = $3) and id < $4
order by id desc limit $5;

-- name: attempts
-- tag: router
select attempt, outcome, code, reply, started_at, finished_at, trace from message_attempts where tenant_id = $1 and message_id = $2 order by started_at;

-- name: events_of
-- tag: router
select id, event_type, actor_class, provider, url, ip_address, user_agent, occurred_at from message_events
where tenant_id = $1 and message_id = $2 order by occurred_at limit 500;

-- name: wake_lane
-- tag: router
-- Something in this lane is due at $3 at the latest; whether the lane is open stays as it is.
update send_lanes set next_due_at = case when next_due_at > $3 then $3 else next_due_at end, version = version + 1 where tenant_id = $1 and id = $2;
