-- Campaigns and their runs: what both databases say alike.

-- name: insert
-- tag: router
insert into campaigns (tenant_id, id, name, type, status, segment_ids, exclude_segment_ids, template_id, sender_id, schedule, throttle_per_minute, priority,
                       tracking, metadata, run_number, created_by, created_at, updated_at)
values ($1, $2, $3, $4, 'draft', $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $15);

-- name: update
-- tag: router
-- Nothing when somebody else was faster than the one who read it at $3.
update campaigns set name = $4, segment_ids = $5, exclude_segment_ids = $6, template_id = $7, sender_id = $8, schedule = $9, throttle_per_minute = $10,
  priority = $11, tracking = $12, metadata = $13, next_run_at = $14, updated_at = $15
where tenant_id = $1 and id = $2 and updated_at = $3 returning id;

-- name: move
-- tag: router
update campaigns set status = $4, template_version_id = $5, audience = $6, run_number = $7, next_run_at = $8, hold_reason = $9, held_for = $10, undo_until = $11,
  launched_at = $12, completed_at = $13, updated_at = $14
where tenant_id = $1 and id = $2 and updated_at = $3 returning id;

-- name: find
-- tag: router
select id, name, type, status, segment_ids, exclude_segment_ids, template_id, template_version_id, sender_id, schedule, throttle_per_minute, priority, tracking,
       metadata, audience, run_number, launched_at, completed_at, next_run_at, hold_reason, held_for, undo_until, created_at, updated_at
from campaigns where tenant_id = $1 and id = $2;

-- name: list
-- tag: router
select id, name, type, status, segment_ids, exclude_segment_ids, template_id, template_version_id, sender_id, schedule, throttle_per_minute, priority, tracking,
       metadata, audience, run_number, launched_at, completed_at, next_run_at, hold_reason, held_for, undo_until, created_at, updated_at
from campaigns
where tenant_id = $1 and id < $2 and (cast($3 as text) is null or status = $3) and (cast($4 as text) is null or type = $4) order by id desc limit $5;

-- name: remove
-- tag: router
delete from campaigns where tenant_id = $1 and id = $2 and updated_at = $3 and status in ('draft', 'scheduled') returning id;

-- name: due
-- tag: fanout
-- A held broadcast waits for a person; a held series goes on with its next run.
select tenant_id, id from campaigns
where next_run_at <= $1 and ((status = 'scheduled' and (hold_reason is null or type = 'recurring')) or (status = 'active' and type = 'recurring'))
order by next_run_at limit 100;

-- name: current_version
-- tag: router
select current_version_id, channel from email_templates where tenant_id = $1 and id = $2 and archived_at is null;

-- name: sender
-- tag: router
select i.verified, i.from_email, p.id, p.check_status, p.check_detail, p.breaker from sender_identities i
  left join providers p on p.tenant_id = $1 and p.id = i.provider_id and p.deleted_at is null
where i.tenant_id = $1 and i.id = $2 and i.deleted_at is null;

-- name: audience_size
-- tag: router
select sum(contacts) from campaign_audience where tenant_id = $1 and campaign_id = $2 and run_number = $3;

-- name: next_chunk
-- tag: router
select contacts from campaign_audience where tenant_id = $1 and campaign_id = $2 and run_number = $3 and first_ordinal = $4;

-- name: forget_audience
-- tag: router
delete from campaign_audience where tenant_id = $1 and campaign_id = $2 and run_number = $3;

-- name: insert_run
-- tag: router
insert into campaign_runs (tenant_id, campaign_id, run_number, lane_id, id_base, status, template_version_id, sender_id, audience, expanded_to, scheduled_for,
                           not_before, local_time, fallback_time_zone, missed, settled, counts, next_count_at, started_at, updated_at)
values ($1, $2, $3, $4, $5, 'active', $6, $7, $8, 0, $9, $10, $11, $12, $13, false, $14, $15, $15, $15);

-- name: runs
-- tag: router
select run_number, lane_id, id_base, status, template_version_id, sender_id, audience, expanded_to, scheduled_for, not_before, local_time, fallback_time_zone, missed,
       settled, counts, rate_per_minute, counted_at, started_at, completed_at
from campaign_runs where tenant_id = $1 and campaign_id = $2 and run_number < $3 order by run_number desc limit $4;

-- name: run
-- tag: router
select run_number, lane_id, id_base, status, template_version_id, sender_id, audience, expanded_to, scheduled_for, not_before, local_time, fallback_time_zone, missed,
       settled, counts, rate_per_minute, counted_at, started_at, completed_at
from campaign_runs where tenant_id = $1 and campaign_id = $2 and run_number = $3;

-- name: advance_run
-- tag: router
-- The chunk belongs to whoever gets a row back: canceled, undone and twice-started expansions get none.
update campaign_runs set expanded_to = $5, updated_at = $6
where tenant_id = $1 and campaign_id = $2 and run_number = $3 and expanded_to = $4 and status = 'active' returning run_number;

-- name: end_runs
-- tag: router
update campaign_runs set status = $3, completed_at = $4, updated_at = $4, next_count_at = $4
where tenant_id = $1 and campaign_id = $2 and status = 'active' returning run_number;

-- name: complete_run
-- tag: router
update campaign_runs set status = 'completed', completed_at = $4, updated_at = $4, next_count_at = $4
where tenant_id = $1 and campaign_id = $2 and run_number = $3 and status = 'active' returning run_number;

-- name: reopen_run
-- tag: router
update campaign_runs set status = 'active', settled = false, completed_at = null, next_count_at = $4, updated_at = $4
where tenant_id = $1 and campaign_id = $2 and run_number = $3 and status in ('active', 'completed') returning lane_id;

-- name: drop_run
-- tag: router
delete from campaign_runs where tenant_id = $1 and campaign_id = $2 and run_number = $3 returning lane_id;

-- name: open_runs
-- tag: router
select count(*) from campaign_runs where tenant_id = $1 and campaign_id = $2 and status = 'active';

-- name: finished_runs
-- tag: fanout
-- Runs of active campaigns that are messages to the last one, of which none is on its way.
select r.tenant_id, r.campaign_id, r.run_number from campaign_runs r join campaigns k on k.tenant_id = r.tenant_id and k.id = r.campaign_id
where not r.settled and r.status = 'active' and k.status = 'active' and r.expanded_to = r.audience and r.not_before <= $1
  and not exists (select 1 from messages m where m.tenant_id = r.tenant_id and m.campaign_id = r.campaign_id and m.visit = cast(r.run_number as text)
                  and m.status in ('queued', 'sending'))
limit 100;

-- name: countable_runs
-- tag: fanout
select tenant_id, campaign_id, run_number, status, audience, expanded_to, counts, rate_per_minute, counted_at from campaign_runs
where not settled and next_count_at <= $1 order by next_count_at limit 50;

-- name: keep_counts
-- tag: router
update campaign_runs set counts = $4, rate_per_minute = $5, counted_at = $6, next_count_at = $7, settled = $8
where tenant_id = $1 and campaign_id = $2 and run_number = $3 and not settled and next_count_at <= $6;

-- name: switch_lanes
-- tag: router
-- The lanes of runs that go on; opening them looks for work at once.
update send_lanes set is_open = $3, next_due_at = case when $3 then $4 else next_due_at end, version = version + 1
where tenant_id = $1 and campaign_id = $2 and id in (select lane_id from campaign_runs where tenant_id = $1 and campaign_id = $2 and status = 'active');

-- name: close_lanes
-- tag: router
update send_lanes set is_open = false, version = version + 1 where tenant_id = $1 and campaign_id = $2;

-- name: throttle_lanes
-- tag: router
update send_lanes set throttle_per_minute = $3, version = version + 1 where tenant_id = $1 and campaign_id = $2;

-- name: drop_lane
-- tag: router
delete from send_lanes where tenant_id = $1 and id = $2;

-- name: unsent_messages
-- tag: router
-- A run's messages that nobody ever claimed are taken back.
delete from messages where tenant_id = $1 and campaign_id = $2 and visit = $3 and status = 'queued' and fence = 0 and attempt_count = 0;

-- name: any_message
-- tag: router
select 1 from messages where tenant_id = $1 and campaign_id = $2 and visit = $3 limit 1;

-- name: any_in_flight
-- tag: router
select 1 from messages where tenant_id = $1 and campaign_id = $2 and visit = $3 and status in ('queued', 'sending') limit 1;

-- name: retry_failed
-- tag: router
-- Again for those that failed for a passing reason: the last attempt's word decides.
update messages set status = 'queued', attempt_count = 0, error = null, due_at = $3, updated_at = $3
where tenant_id = $1 and campaign_id = $2 and status = 'failed' and bounced_at is null
  and not exists (select 1 from message_attempts a where a.tenant_id = $1 and a.message_id = messages.id and a.fence = messages.fence and a.outcome = 'permanent')
returning visit;

-- name: last_due
-- tag: router
select max(due_at) from messages where tenant_id = $1 and lane_id = $2 and status = 'queued';
