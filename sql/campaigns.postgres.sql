-- name: fix_audience_of_one
-- tag: router
-- Of a single segment, in which nobody is twice.
insert into campaign_audience (tenant_id, campaign_id, run_number, first_ordinal, contacts, contact_ids)
select b.tenant_id, cast($2 as uuid), cast($3 as integer), b.chunk * cast($6 as bigint), count(*), array_agg(b.contact_id)
from (select a.tenant_id, a.contact_id, (row_number() over (order by a.contact_id) - 1) / cast($6 as bigint) as chunk
      from (select m.tenant_id, m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id = $4
              and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id = any($5::uuid[]) and x.contact_id = m.contact_id)) a) b
group by b.tenant_id, b.chunk
on conflict do nothing;

-- name: fix_audience
-- tag: router
-- Of several segments: everybody once.
insert into campaign_audience (tenant_id, campaign_id, run_number, first_ordinal, contacts, contact_ids)
select b.tenant_id, cast($2 as uuid), cast($3 as integer), b.chunk * cast($6 as bigint), count(*), array_agg(b.contact_id)
from (select a.tenant_id, a.contact_id, (row_number() over (order by a.contact_id) - 1) / cast($6 as bigint) as chunk
      from (select distinct m.tenant_id, m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id = any($4::uuid[])
              and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id = any($5::uuid[]) and x.contact_id = m.contact_id)) a) b
group by b.tenant_id, b.chunk
on conflict do nothing;

-- name: expand
-- tag: router
-- The id of a message is the run's own, with the contact's number in its last eight digits: new ones are appended to the index.
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status,
                      priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at)
select a.tenant_id, cast(cast($5 as text) || lpad(to_hex(a.first_ordinal + u.n), 8, '0') as uuid), 'outbound', 'email', 'marketing', $2, $6, $2, u.contact_id, $7, $8, $9, 'queued',
       $10, 0, 0, $11, $11, $12, $12
from campaign_audience a cross join lateral unnest(a.contact_ids) with ordinality as u (contact_id, n)
where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.first_ordinal = $4
on conflict do nothing;

-- name: expand_by_zone
-- tag: router
-- The same, each message due when its contact's zone gets there; $11 is for those without a known zone.
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status,
                      priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at)
select a.tenant_id, cast(cast($5 as text) || lpad(to_hex(a.first_ordinal + u.n), 8, '0') as uuid), 'outbound', 'email', 'marketing', $2, $6, $2, u.contact_id, $7, $8, $9, 'queued',
       $10, 0, 0, coalesce(z.due_at, $11), coalesce(z.due_at, $11), $12, $12
from campaign_audience a cross join lateral unnest(a.contact_ids) with ordinality as u (contact_id, n)
  left join contacts c on c.tenant_id = $1 and c.id = u.contact_id
  left join unnest($13::text[], $14::timestamptz[]) as z (zone, due_at) on z.zone = c.time_zone
where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.first_ordinal = $4
on conflict do nothing;

-- name: zones_of_chunk
-- tag: router
select distinct c.time_zone from campaign_audience a cross join lateral unnest(a.contact_ids) as u (contact_id) join contacts c on c.tenant_id = $1 and c.id = u.contact_id
where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.first_ordinal = $4 and c.time_zone is not null;

-- name: cancel_messages
-- tag: router
with chosen as (select id from messages where tenant_id = $1 and campaign_id = $2 and visit = $3 and status = 'queued' limit $5 for update)
update messages m set status = 'canceled', skip_reason = 'campaign_canceled', updated_at = $4
from chosen where m.tenant_id = $1 and m.id = chosen.id and m.status = 'queued'
returning m.id;

-- name: forecast
-- tag: router
-- Every combination of what the gate would read, with how many people share it. With a cap: who got $6 marketing messages since $5.
select c.id is not null, c.email is not null, s.reason, r.status, coalesce(r.expires_at <= $4, false),
       case when cast($5 as timestamptz) is null then false else (select count(*) from messages m where m.tenant_id = $1 and m.contact_id = a.contact_id and m.purpose = 'marketing'
         and m.kind = 'message' and (m.sent_at >= cast($5 as timestamptz) or m.status in ('sending', 'uncertain'))) >= cast($6 as bigint) end, count(*)
from (select distinct m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id = any($2::uuid[])
        and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id = any($3::uuid[]) and x.contact_id = m.contact_id)) a
  left join contacts c on c.tenant_id = $1 and c.id = a.contact_id
  left join suppressions s on s.tenant_id = $1 and s.email_key = c.email_key
  left join consent_records r on r.tenant_id = $1 and r.contact_id = a.contact_id and r.channel = 'email' and r.consent_type = 'marketing'
group by 1, 2, 3, 4, 5, 6;

-- name: segments
-- tag: router
select id, name, is_dynamic, member_count, last_calculated_at, calculation_error, calculation_ms from marketing_segments
where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null;
