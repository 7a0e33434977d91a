-- What came of a campaign. $3 is one run's number as text, or null for all.

-- name: ending
-- tag: router
select k.updated_at, (select max(r.updated_at) from campaign_runs r where r.tenant_id = $1 and r.campaign_id = $2) from campaigns k
where k.tenant_id = $1 and k.id = $2 and k.status in ('completed', 'canceled')
  and not exists (select 1 from campaign_runs r where r.tenant_id = $1 and r.campaign_id = $2 and not r.settled);

-- name: ledger
-- tag: router
-- A recount in one pass: what is shown is what is there.
select visit, status, case when status = 'skipped' then coalesce(skip_reason, 'unknown') end, case when bounced_at is not null then coalesce(bounce_class, 'unknown') end,
       count(*), count(delivered_at), count(opened_at), count(machine_opened_at), count(clicked_at), count(bounced_at), count(complained_at), count(unsubscribed_at),
       min(sent_at), max(sent_at)
from messages where tenant_id = $1 and campaign_id = $2 and (cast($3 as text) is null or visit = $3) group by 1, 2, 3, 4;

-- name: states_of_run
-- tag: router
-- From the index alone.
select status, count(*) from messages where tenant_id = $1 and campaign_id = $2 and visit = $3 group by status;

-- name: bounce_reasons
-- tag: router
select coalesce(bounce_class, 'unknown'), substr(coalesce(error, ''), 1, 200), count(*), max(bounced_at) from messages
where tenant_id = $1 and campaign_id = $2 and (cast($3 as text) is null or visit = $3) and bounced_at is not null
group by coalesce(bounce_class, 'unknown'), substr(coalesce(error, ''), 1, 200) order by 3 desc, 1, 2 limit 200;

-- name: hits
-- tag: router
-- Opens and clicks, told apart by who did them; in the last column the messages that machines clicked in, each once. They are counted apart, since
-- telling the same from the same costs a sort of all there are.
select h.event_type, h.actor_class, h.found,
       case when h.event_type = 'clicked' and h.actor_class = 'machine' then (
         select count(distinct e.message_id) from message_events e
         where e.tenant_id = $1 and e.campaign_id = $2 and e.event_type = 'clicked' and e.actor_class = 'machine'
           and (cast($3 as text) is null or exists (select 1 from messages m where m.tenant_id = $1 and m.id = e.message_id and m.visit = $3))) else 0 end
from (
  select e.event_type, e.actor_class, count(*) as found from message_events e
  where e.tenant_id = $1 and e.campaign_id = $2 and e.event_type in ('opened', 'clicked')
    and (cast($3 as text) is null or exists (select 1 from messages m where m.tenant_id = $1 and m.id = e.message_id and m.visit = $3))
  group by e.event_type, e.actor_class) h;

-- name: links
-- tag: router
select coalesce(e.url, ''), count(*) filter (where e.actor_class <> 'machine'), count(*) filter (where e.actor_class = 'machine'),
       count(distinct case when e.actor_class <> 'machine' then e.contact_id end)
from message_events e
where e.tenant_id = $1 and e.campaign_id = $2 and e.event_type = 'clicked'
  and (cast($3 as text) is null or exists (select 1 from messages m where m.tenant_id = $1 and m.id = e.message_id and m.visit = $3))
group by coalesce(e.url, '') order by 2 desc, 3 desc, 1 limit 500;

-- name: recent_rate
-- tag: router
-- How many mails of the tenant left since $2, in which time.
select count(*), min(e.created_at), max(e.created_at) from (
  select created_at from marketing_events where tenant_id = $1 and event_type = 'email_sent' and created_at >= $2 order by created_at desc limit 20000) e;

-- name: export_page
-- tag: router
select m.id, m.visit, m.contact_id, c.email, m.status, m.skip_reason, m.error, m.attempt_count, m.scheduled_at, m.sent_at, m.delivered_at, m.opened_at,
       m.machine_opened_at, m.clicked_at, m.bounced_at, m.bounce_class, m.complained_at, m.unsubscribed_at, m.provider_message_id
from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.campaign_id = $2 and (cast($3 as text) is null or m.visit = $3) and (cast($4 as text) is null or m.status = $4)
  and (cast($5 as text) is null or m.skip_reason = $5) and m.id > $6
order by m.id limit $7;
