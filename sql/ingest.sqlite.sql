-- Facts about messages, taken in by sets.

-- name: dedupe
-- tag: router
-- The provider event ids that were never seen.
insert into event_dedupe (tenant_id, provider, provider_event_id, seen_at)
select $1, value ->> 0, value ->> 1, $2 from json_each($3) where true
on conflict do nothing
returning provider, provider_event_id;

-- name: messages_by_id
-- tag: router
select m.id, m.contact_id, m.campaign_id, m.channel, m.sent_at, m.purpose, coalesce(m.to_address, c.email), m.provider_message_id, m.kind
from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.id in (select value from json_each($2));

-- name: messages_by_provider_id
-- tag: router
select m.id, m.contact_id, m.campaign_id, m.channel, m.sent_at, m.purpose, coalesce(m.to_address, c.email), m.provider_message_id, m.kind
from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.provider_message_id in (select value from json_each($2));

-- name: newest_by_address
-- tag: router
-- The newest message that went to each of these addresses.
select id, contact_id, campaign_id, channel, sent_at, purpose, email, email_key, kind from (
  select m.id, m.contact_id, m.campaign_id, m.channel, m.sent_at, m.purpose, c.email, c.email_key, m.kind,
         row_number() over (partition by c.email_key order by m.created_at desc) as place
  from contacts c join messages m on m.tenant_id = $1 and m.contact_id = c.id
  where c.tenant_id = $1 and c.email_key in (select value from json_each($2)) and m.sent_at is not null)
where place = 1;

-- name: insert_events
-- tag: router
insert into message_events (tenant_id, id, message_id, contact_id, campaign_id, channel, provider, provider_event_id, event_type, actor_class,
                            class_reasons, url, link_index, ip_address, user_agent, detail, occurred_at, created_at)
select $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
       value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15, $2
from json_each($3) where true
on conflict do nothing;

-- name: advance_messages
-- tag: router
-- First times only ever get earlier or appear; an uncertain message that was seen arriving counts as sent, also one that waits to be sent again.
update messages as m
set delivered_at = coalesce(min(m.delivered_at, u.value ->> 1), m.delivered_at, u.value ->> 1),
    opened_at = coalesce(min(m.opened_at, u.value ->> 2), m.opened_at, u.value ->> 2),
    machine_opened_at = coalesce(min(m.machine_opened_at, u.value ->> 3), m.machine_opened_at, u.value ->> 3),
    clicked_at = coalesce(min(m.clicked_at, u.value ->> 4), m.clicked_at, u.value ->> 4),
    bounced_at = coalesce(min(m.bounced_at, u.value ->> 5), m.bounced_at, u.value ->> 5),
    bounce_class = coalesce(m.bounce_class, u.value ->> 6),
    complained_at = coalesce(min(m.complained_at, u.value ->> 7), m.complained_at, u.value ->> 7),
    unsubscribed_at = coalesce(min(m.unsubscribed_at, u.value ->> 8), m.unsubscribed_at, u.value ->> 8),
    status = case when (m.status = 'uncertain' or (m.status = 'queued' and m.error like 'uncertain%')) and u.value ->> 9 = 'true' then 'sent' else m.status end,
    sent_at = case when (m.status = 'uncertain' or (m.status = 'queued' and m.error like 'uncertain%')) and u.value ->> 9 = 'true' then coalesce(m.sent_at, m.updated_at) else m.sent_at end, updated_at = $2
from json_each($3) as u
where m.tenant_id = $1 and m.id = u.value ->> 0 and m.id in (select value ->> 0 from json_each($3));

-- name: recent_links
-- tag: router
-- Distinct links of each message hit since $3.
select message_id, count(distinct link_index) from message_events
where tenant_id = $1 and message_id in (select value from json_each($2)) and event_type = 'clicked' and created_at >= $3
group by message_id;

-- name: hits_page
-- tag: router
-- Opens and clicks in the order they were stored, with what classing them needs.
select e.id, e.created_at, e.message_id, e.event_type, e.occurred_at, e.provider, e.user_agent, e.ip_address, e.actor_class, e.detail, m.sent_at, e.class_reasons
from message_events e left join messages m on m.tenant_id = $1 and m.id = e.message_id
where e.tenant_id = $1 and e.event_type in ('opened', 'clicked') and (e.created_at, e.id) > ($2, $3) and e.created_at < $4
order by e.created_at, e.id limit $5;

-- name: link_hits
-- tag: router
select message_id, link_index, created_at from message_events
where tenant_id = $1 and message_id in (select value from json_each($2)) and event_type = 'clicked' and link_index is not null;

-- name: reclass
-- tag: router
update message_events as e set actor_class = u.value ->> 2, class_reasons = u.value ->> 3
from json_each($2) as u
where e.tenant_id = $1 and e.id = u.value ->> 0 and e.created_at = u.value ->> 1;

-- name: recount_engagement
-- tag: router
-- The first times of these messages, by what their facts say now.
update messages as m set opened_at = f.opened, machine_opened_at = f.machine, clicked_at = f.clicked, updated_at = $2
from (select message_id, min(occurred_at) filter (where event_type = 'opened' and actor_class <> 'machine') as opened,
             min(occurred_at) filter (where event_type = 'opened' and actor_class = 'machine') as machine,
             min(occurred_at) filter (where event_type = 'clicked' and actor_class <> 'machine') as clicked
      from message_events where tenant_id = $1 and message_id in (select value from json_each($3)) group by message_id) as f
where m.tenant_id = $1 and m.id = f.message_id;
