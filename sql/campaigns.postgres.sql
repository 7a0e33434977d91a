-- name: fix_audience
-- tag: router
insert into campaign_audience (tenant_id, campaign_id, run_number, ordinal, contact_id)
select a.tenant_id, cast($2 as uuid), cast($3 as integer), row_number() over (order by a.contact_id), a.contact_id
from (select distinct m.tenant_id, m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id = any($4::uuid[])
        and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id = any($5::uuid[]) and x.contact_id = m.contact_id)) a
on conflict do nothing;

-- name: expand
-- tag: router
-- The id of a message is the run's own, with the contact's number in its last twelve digits: new ones are appended to the index.
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status,
                      priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at)
select a.tenant_id, cast(cast($6 as text) || lpad(to_hex(a.ordinal), 12, '0') as uuid), 'outbound', 'email', 'marketing', $2, $7, $2, a.contact_id, $8, $9, $10, 'queued',
       $11, 0, 0, $12, $12, $13, $13
from campaign_audience a where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.ordinal > $4 and a.ordinal <= $5
on conflict do nothing;

-- name: expand_by_zone
-- tag: router
-- The same, each message due when its contact's zone gets there; $12 is for those without a known zone.
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status,
                      priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at)
select a.tenant_id, cast(cast($6 as text) || lpad(to_hex(a.ordinal), 12, '0') as uuid), 'outbound', 'email', 'marketing', $2, $7, $2, a.contact_id, $8, $9, $10, 'queued',
       $11, 0, 0, coalesce(z.due_at, $12), coalesce(z.due_at, $12), $13, $13
from campaign_audience a
  left join contacts c on c.tenant_id = $1 and c.id = a.contact_id
  left join unnest($14::text[], $15::timestamptz[]) as z (zone, due_at) on z.zone = c.time_zone
where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.ordinal > $4 and a.ordinal <= $5
on conflict do nothing;

-- name: forecast
-- tag: router
-- Every combination of what the gate would read, with how many people share it.
select c.id is not null, c.email is not null, s.reason, r.status, coalesce(r.expires_at <= $4, false), count(*)
from (select distinct m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id = any($2::uuid[])
        and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id = any($3::uuid[]) and x.contact_id = m.contact_id)) a
  left join contacts c on c.tenant_id = $1 and c.id = a.contact_id
  left join suppressions s on s.tenant_id = $1 and s.email_key = c.email_key
  left join consent_records r on r.tenant_id = $1 and r.contact_id = a.contact_id and r.channel = 'email' and r.consent_type = 'marketing'
group by 1, 2, 3, 4, 5;

-- name: segments
-- tag: router
select id, name, is_dynamic, member_count, last_calculated_at, calculation_error, calculation_ms from marketing_segments
where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null;
