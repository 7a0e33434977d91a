-- name: fix_audience_of_one
-- tag: router
-- Of a single segment, in which nobody is twice.
insert into campaign_audience (tenant_id, campaign_id, run_number, first_ordinal, contacts, contact_ids)
select b.tenant_id, $2, $3, b.chunk * $6, count(*), json_group_array(b.contact_id)
from (select a.tenant_id, a.contact_id, (row_number() over (order by a.contact_id) - 1) / $6 as chunk
      from (select m.tenant_id, m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id = $4
              and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id in (select value from json_each($5)) and x.contact_id = m.contact_id)) a) b
group by b.tenant_id, b.chunk
on conflict do nothing;

-- name: fix_audience
-- tag: router
-- Of several segments: everybody once.
insert into campaign_audience (tenant_id, campaign_id, run_number, first_ordinal, contacts, contact_ids)
select b.tenant_id, $2, $3, b.chunk * $6, count(*), json_group_array(b.contact_id)
from (select a.tenant_id, a.contact_id, (row_number() over (order by a.contact_id) - 1) / $6 as chunk
      from (select distinct m.tenant_id, m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id in (select value from json_each($4))
              and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id in (select value from json_each($5)) and x.contact_id = m.contact_id)) a) b
group by b.tenant_id, b.chunk
on conflict do nothing;

-- name: expand
-- tag: router
-- The id of a message is the run's own, with the contact's number in its last eight digits: new ones are appended to the index.
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status,
                      priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at)
select a.tenant_id, $5 || printf('%08x', a.first_ordinal + u.key + 1), 'outbound', 'email', 'marketing', $2, $6, $2, u.value, $7, $8, $9, 'queued',
       $10, 0, 0, $11, $11, $12, $12
from campaign_audience a, json_each(a.contact_ids) u
where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.first_ordinal = $4
on conflict do nothing;

-- name: expand_by_zone
-- tag: router
-- The same, each message due when its contact's zone gets there; $11 is for those without a known zone.
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status,
                      priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at)
select a.tenant_id, $5 || printf('%08x', a.first_ordinal + u.key + 1), 'outbound', 'email', 'marketing', $2, $6, $2, u.value, $7, $8, $9, 'queued',
       $10, 0, 0, coalesce(z.due_at, $11), coalesce(z.due_at, $11), $12, $12
from campaign_audience a, json_each(a.contact_ids) u
  left join contacts c on c.tenant_id = $1 and c.id = u.value
  left join (select value ->> 0 as zone, value ->> 1 as due_at from json_each($13)) z on z.zone = c.time_zone
where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.first_ordinal = $4
on conflict do nothing;

-- name: zones_of_chunk
-- tag: router
select distinct c.time_zone from campaign_audience a , json_each(a.contact_ids) u join contacts c on c.tenant_id = $1 and c.id = u.value
where a.tenant_id = $1 and a.campaign_id = $2 and a.run_number = $3 and a.first_ordinal = $4 and c.time_zone is not null;

-- name: cancel_messages
-- tag: router
update messages set status = 'canceled', skip_reason = 'campaign_canceled', updated_at = $4
where tenant_id = $1 and status = 'queued' and id in (
  select m.id from messages m where m.tenant_id = $1 and m.campaign_id = $2 and m.visit = $3 and m.status = 'queued' limit $5)
returning id;

-- name: forecast
-- tag: router
-- Every combination of what the gate would read, with how many people share it. With a cap: who got $6 marketing messages since $5.
select c.id is not null, c.email is not null, s.reason, r.status, coalesce(r.expires_at <= $4, false),
       case when $5 is null then false else (select count(*) from messages m where m.tenant_id = $1 and m.contact_id = a.contact_id and m.purpose = 'marketing'
         and m.kind = 'message' and (m.sent_at >= $5 or m.status in ('sending', 'uncertain'))) >= $6 end, count(*)
from (select distinct m.contact_id from segment_memberships m where m.tenant_id = $1 and m.segment_id in (select value from json_each($2))
        and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id in (select value from json_each($3)) and x.contact_id = m.contact_id)) a
  left join contacts c on c.tenant_id = $1 and c.id = a.contact_id
  left join suppressions s on s.tenant_id = $1 and s.email_key = c.email_key
  left join consent_records r on r.tenant_id = $1 and r.contact_id = a.contact_id and r.channel = 'email' and r.consent_type = 'marketing'
group by 1, 2, 3, 4, 5, 6;

-- name: segments
-- tag: router
select id, name, is_dynamic, member_count, last_calculated_at, calculation_error, calculation_ms from marketing_segments
where tenant_id = $1 and id in (select value from json_each($2)) and deleted_at is null;
