-- Campaigns.

-- name: insert
-- tag: router
insert into campaigns (tenant_id, id, name, type, status, segment_ids, exclude_segment_ids, template_id, sender_id, schedule, throttle_per_minute, priority,
                       tracking, metadata, expanded, run_number, created_by, created_at, updated_at)
values ($1, $2, $3, $4, 'draft', $5, $6, $7, $8, $9, $10, $11, $12, $13, false, 1, $14, $15, $15);

-- name: update
-- tag: router
update campaigns set name = $3, segment_ids = $4, exclude_segment_ids = $5, template_id = $6, sender_id = $7, schedule = $8, throttle_per_minute = $9,
  priority = $10, tracking = $11, metadata = $12, updated_at = $13
where tenant_id = $1 and id = $2;

-- name: find
-- tag: router
select id, name, type, status, segment_ids, exclude_segment_ids, template_id, template_version_id, sender_id, schedule, throttle_per_minute, priority, tracking, metadata, audience, expanded, launched_at, completed_at, next_run_at, hold_reason, created_at, updated_at
from campaigns where tenant_id = $1 and id = $2;

-- name: list
-- tag: router
select id, name, type, status, segment_ids, exclude_segment_ids, template_id, template_version_id, sender_id, schedule, throttle_per_minute, priority, tracking, metadata, audience, expanded, launched_at, completed_at, next_run_at, hold_reason, created_at, updated_at
from campaigns where tenant_id = $1 and id < $2 order by id desc limit $3;

-- name: remove
-- tag: router
delete from campaigns where tenant_id = $1 and id = $2 and status in ('draft', 'scheduled') returning id;

-- name: launch
-- tag: router
update campaigns set status = 'active', template_version_id = $3, audience = $4, launched_at = $5, next_run_at = null, hold_reason = null, updated_at = $5
where tenant_id = $1 and id = $2 and status in ('draft', 'scheduled');

-- name: set_status
-- tag: router
update campaigns set status = $3, next_run_at = $4, updated_at = $5 where tenant_id = $1 and id = $2;

-- name: complete
-- tag: router
update campaigns set status = 'completed', completed_at = $3, updated_at = $3 where tenant_id = $1 and id = $2 and status = 'active';

-- name: expanded
-- tag: router
update campaigns set expanded = true where tenant_id = $1 and id = $2;

-- name: due
-- tag: fanout
select tenant_id, id, next_run_at from campaigns where status = 'scheduled' and next_run_at <= $1 and hold_reason is null limit 100;

-- name: hold
-- tag: router
update campaigns set hold_reason = $3, updated_at = $4 where tenant_id = $1 and id = $2;

-- name: active
-- tag: fanout
select tenant_id, id from campaigns where status = 'active' and expanded limit 1000;

-- name: unfinished
-- tag: router
select 1 from messages where tenant_id = $1 and campaign_id = $2 and status in ('queued', 'sending') limit 1;

-- name: current_version
-- tag: router
select current_version_id from email_templates where tenant_id = $1 and id = $2 and archived_at is null;

-- name: sender
-- tag: router
select verified from sender_identities where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: audience_page
-- tag: router
-- The next contacts of the audience, in the order of their ids.
select contact_id from campaign_audience where tenant_id = $1 and campaign_id = $2 and contact_id > $3 order by contact_id limit $4;

-- name: forget_audience
-- tag: router
delete from campaign_audience where tenant_id = $1 and campaign_id = $2;

-- name: cancel_messages
-- tag: router
update messages set status = 'canceled', skip_reason = 'campaign_canceled', updated_at = $3 where tenant_id = $1 and campaign_id = $2 and status = 'queued';

-- name: report
-- tag: router
-- A recount: what is shown is what is there.
select count(*), count(*) filter (where status = 'queued'), count(*) filter (where status = 'sending'), count(*) filter (where status = 'sent'),
       count(*) filter (where status = 'skipped'), count(*) filter (where status = 'failed'), count(*) filter (where status = 'uncertain'),
       count(*) filter (where status = 'canceled'), count(delivered_at), count(opened_at), count(machine_opened_at), count(clicked_at), count(bounced_at),
       count(complained_at), count(unsubscribed_at)
from messages where tenant_id = $1 and campaign_id = $2;

-- name: skip_reasons
-- tag: router
select skip_reason, count(*) from messages where tenant_id = $1 and campaign_id = $2 and skip_reason is not null group by skip_reason;
