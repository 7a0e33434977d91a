-- The ledger as the API shows it, and direct messages. A message's columns stand in the order of its answer (api/message_shapes.h).

-- name: find
-- tag: router
select id, campaign_id, case when contact_id <> '00000000-0000-0000-0000-000000000000' then contact_id end, to_address, channel, purpose, kind, status,
       skip_reason, attempt_count, priority, provider_message_id, template_version_id, sender_id, provider_id, tracking, variables, scheduled_at,
       case when status = 'queued' then due_at end, sent_at, error, delivered_at, opened_at, machine_opened_at, clicked_at, bounced_at, bounce_class,
       complained_at, unsubscribed_at, created_at, updated_at
from messages where tenant_id = $1 and id = $2;

-- name: list
-- tag: router
select id, campaign_id, case when contact_id <> '00000000-0000-0000-0000-000000000000' then contact_id end, to_address, channel, purpose, kind, status,
       skip_reason, attempt_count, priority, provider_message_id, template_version_id, sender_id, provider_id, tracking, variables, scheduled_at,
       case when status = 'queued' then due_at end, sent_at, error, delivered_at, opened_at, machine_opened_at, clicked_at, bounced_at, bounce_class,
       complained_at, unsubscribed_at, created_at, updated_at
from messages
where tenant_id = $1 and (created_at, id) < ($2, $3) and (cast($5 as text) is null or status = $5) and (cast($6 as text) is null or channel = $6)
  and (cast($7 as text) is null or kind = $7) and (cast($8 as text) is null or purpose = $8)
  and (cast($9 as timestamptz) is null or created_at >= $9) and (cast($10 as timestamptz) is null or created_at < $10)
order by created_at desc, id desc limit $4;

-- name: list_of_campaign
-- tag: router
-- Messages of a campaign come into being between the start of its first run and the end of its last: nothing newer or older is read.
select id, campaign_id, case when contact_id <> '00000000-0000-0000-0000-000000000000' then contact_id end, to_address, channel, purpose, kind, status,
       skip_reason, attempt_count, priority, provider_message_id, template_version_id, sender_id, provider_id, tracking, variables, scheduled_at,
       case when status = 'queued' then due_at end, sent_at, error, delivered_at, opened_at, machine_opened_at, clicked_at, bounced_at, bounce_class,
       complained_at, unsubscribed_at, created_at, updated_at
from messages
where tenant_id = $1 and (created_at, id) < ($2, $3) and campaign_id = $11 and (cast($5 as text) is null or status = $5) and (cast($6 as text) is null or channel = $6)
  and (cast($7 as text) is null or kind = $7) and (cast($8 as text) is null or purpose = $8)
  and (cast($9 as timestamptz) is null or created_at >= $9) and (cast($10 as timestamptz) is null or created_at < $10)
  and created_at >= coalesce((select min(r.started_at) from campaign_runs r where r.tenant_id = $1 and r.campaign_id = $11), '2000-01-01T00:00:00.000000Z')
  and created_at <= coalesce((select case when count(*) = count(r.completed_at) then max(r.completed_at) end from campaign_runs r where r.tenant_id = $1 and r.campaign_id = $11), $2)
order by created_at desc, id desc limit $4;

-- name: list_of_contact
-- tag: router
select id, campaign_id, case when contact_id <> '00000000-0000-0000-0000-000000000000' then contact_id end, to_address, channel, purpose, kind, status,
       skip_reason, attempt_count, priority, provider_message_id, template_version_id, sender_id, provider_id, tracking, variables, scheduled_at,
       case when status = 'queued' then due_at end, sent_at, error, delivered_at, opened_at, machine_opened_at, clicked_at, bounced_at, bounce_class,
       complained_at, unsubscribed_at, created_at, updated_at
from messages
where tenant_id = $1 and (created_at, id) < ($2, $3) and contact_id = $11 and (cast($12 as uuid) is null or campaign_id = $12) and (cast($5 as text) is null or status = $5) and (cast($6 as text) is null or channel = $6)
  and (cast($7 as text) is null or kind = $7) and (cast($8 as text) is null or purpose = $8)
  and (cast($9 as timestamptz) is null or created_at >= $9) and (cast($10 as timestamptz) is null or created_at < $10)
order by created_at desc, id desc limit $4;

-- name: attempts
-- tag: router
select attempt, outcome, code, reply, started_at, finished_at, trace from message_attempts where tenant_id = $1 and message_id = $2 order by started_at;

-- name: events
-- tag: router
select id, event_type, actor_class, provider, url, ip_address, user_agent, occurred_at, class_reasons from message_events
where tenant_id = $1 and message_id = $2 order by occurred_at limit 500;

-- name: default_sender
-- tag: router
-- The oldest verified one.
select id from sender_identities where tenant_id = $1 and verified and deleted_at is null order by created_at, id limit 1;

-- name: cancel
-- tag: router
update messages set status = 'canceled', skip_reason = $3, updated_at = $4 where tenant_id = $1 and id = $2 and status = 'queued';

-- name: retry
-- tag: router
update messages set status = 'queued', skip_reason = null, error = null, attempt_count = 0, due_at = $3, updated_at = $3
where tenant_id = $1 and id = $2 and status in ('failed', 'uncertain', 'skipped') and bounced_at is null
  and not exists (select 1 from campaigns k where k.tenant_id = $1 and k.id = messages.campaign_id and k.status = 'canceled')
returning lane_id, priority, campaign_id;
