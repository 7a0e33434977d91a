-- name: series
-- tag: router
-- By hour of UTC.
select to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"'), case when machine then 'machine_' || what else what end, sum(found) from (
  select date_trunc('hour', m.sent_at, 'UTC') as hour, 'sent' as what, false as machine, count(*) as found from messages m
    where m.tenant_id = $1 and m.campaign_id = $2 and (cast($3 as text) is null or m.visit = $3) and m.sent_at is not null
    group by 1
  union all
  select date_trunc('hour', e.occurred_at, 'UTC'), e.event_type, e.event_type in ('opened', 'clicked') and e.actor_class = 'machine', count(*)
    from message_events e
    where e.tenant_id = $1 and e.campaign_id = $2 and e.event_type in ('delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed')
      and (cast($3 as text) is null or exists (select 1 from messages m where m.tenant_id = $1 and m.id = e.message_id and m.visit = $3))
    group by 1, 2, 3) f
group by hour, 2 order by hour, 2 limit 20000;

-- name: domains
-- tag: router
select coalesce(split_part(c.email_key, '@', 2), ''), count(*), count(*) filter (where m.status = 'sent'), count(m.delivered_at), count(m.opened_at), count(m.clicked_at),
       count(m.bounced_at), count(m.complained_at), count(*) filter (where m.status = 'failed')
from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.campaign_id = $2 and (cast($3 as text) is null or m.visit = $3)
group by 1 order by 2 desc, 1 limit $4;
