-- name: fix_audience
-- tag: router
insert into campaign_audience (tenant_id, campaign_id, contact_id)
select distinct m.tenant_id, $2, m.contact_id from segment_memberships m
where m.tenant_id = $1 and m.segment_id in (select value from json_each($3))
  and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id in (select value from json_each($4)) and x.contact_id = m.contact_id)
on conflict do nothing;

-- name: count_audience
-- tag: router
select count(*) from campaign_audience where tenant_id = $1 and campaign_id = $2;

-- name: forecast
-- tag: router
-- In the gate's own order, so that each person is counted once.
with audience as (
  select distinct m.contact_id from segment_memberships m
  where m.tenant_id = $1 and m.segment_id in (select value from json_each($2))
    and not exists (select 1 from segment_memberships x where x.tenant_id = $1 and x.segment_id in (select value from json_each($3)) and x.contact_id = m.contact_id)),
judged as (
  select case when c.email is null then 'no_address' when s.reason is not null then 'suppressed'
              when r.status is null or r.status <> 'granted' or r.expires_at <= $4 then 'no_consent' else 'will_send' end as verdict
  from audience a join contacts c on c.tenant_id = $1 and c.id = a.contact_id
    left join suppressions s on s.tenant_id = $1 and s.email_key = c.email_key
    left join consent_records r on r.tenant_id = $1 and r.contact_id = c.id and r.channel = 'email' and r.consent_type = 'marketing')
select verdict, count(*) from judged group by verdict;

-- name: expand
-- tag: router
insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status,
                      priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at)
select $1, value ->> 0, 'outbound', 'email', 'marketing', $2, '1', $2, value ->> 1, $2, $3, $4, 'queued', $5, 0, 0, $6, $6, $6, $6
from json_each($7) where true
on conflict do nothing;
