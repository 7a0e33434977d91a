-- Facts about messages, taken in by sets.

-- name: dedupe
-- tag: router
-- The provider event ids that were never seen.
insert into event_dedupe (tenant_id, provider, provider_event_id, seen_at)
select $1, u.provider, u.id, $2 from unnest($3::text[], $4::text[]) as u (provider, id)
on conflict do nothing
returning provider, provider_event_id;

-- name: messages_by_id
-- tag: router
select m.id, m.contact_id, m.campaign_id, m.channel, m.sent_at, m.purpose, coalesce(m.to_address, c.email), m.provider_message_id, m.kind
from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.id = any($2::uuid[]);

-- name: messages_by_provider_id
-- tag: router
select m.id, m.contact_id, m.campaign_id, m.channel, m.sent_at, m.purpose, coalesce(m.to_address, c.email), m.provider_message_id, m.kind
from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.provider_message_id = any($2::text[]);

-- name: newest_by_address
-- tag: router
-- The newest message that went to each of these addresses.
select distinct on (c.email_key) m.id, m.contact_id, m.campaign_id, m.channel, m.sent_at, m.purpose, c.email, c.email_key, m.kind
from contacts c join messages m on m.tenant_id = $1 and m.contact_id = c.id
where c.tenant_id = $1 and c.email_key = any($2::text[]) and m.sent_at is not null
order by c.email_key, m.created_at desc;

-- name: insert_events
-- tag: router
insert into message_events (tenant_id, id, message_id, contact_id, campaign_id, channel, provider, provider_event_id, event_type, actor_class,
                            class_reasons, url, link_index, ip_address, user_agent, detail, occurred_at, created_at)
select $1, u.id, u.message_id, u.contact_id, u.campaign_id, u.channel, u.provider, u.provider_event_id, u.event_type, u.actor_class,
       u.class_reasons, u.url, u.link_index, u.ip_address, u.user_agent, u.detail, u.occurred_at, $2
from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::jsonb[],
            $13::text[], $14::int[], $15::text[], $16::text[], $17::jsonb[], $18::timestamptz[])
  as u (id, message_id, contact_id, campaign_id, channel, provider, provider_event_id, event_type, actor_class, class_reasons, url, link_index,
        ip_address, user_agent, detail, occurred_at)
on conflict do nothing;

-- name: advance_messages
-- tag: router
-- First times only ever get earlier or appear; an uncertain message that was seen arriving counts as sent, also one that waits to be sent again.
update messages m
set delivered_at = least(m.delivered_at, u.delivered_at), opened_at = least(m.opened_at, u.opened_at),
    machine_opened_at = least(m.machine_opened_at, u.machine_opened_at), clicked_at = least(m.clicked_at, u.clicked_at),
    bounced_at = least(m.bounced_at, u.bounced_at), bounce_class = coalesce(m.bounce_class, u.bounce_class),
    complained_at = least(m.complained_at, u.complained_at), unsubscribed_at = least(m.unsubscribed_at, u.unsubscribed_at),
    status = case when (m.status = 'uncertain' or (m.status = 'queued' and m.error like 'uncertain%')) and u.arrived then 'sent' else m.status end,
    sent_at = case when (m.status = 'uncertain' or (m.status = 'queued' and m.error like 'uncertain%')) and u.arrived then coalesce(m.sent_at, m.updated_at) else m.sent_at end, updated_at = $2
from unnest($3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::text[],
            $10::timestamptz[], $11::timestamptz[], $12::boolean[])
  as u (id, delivered_at, opened_at, machine_opened_at, clicked_at, bounced_at, bounce_class, complained_at, unsubscribed_at, arrived)
where m.tenant_id = $1 and m.id = u.id;

-- name: recent_links
-- tag: router
-- Distinct links of each message hit since $3.
select message_id, count(distinct link_index) from message_events
where tenant_id = $1 and message_id = any($2::uuid[]) and event_type = 'clicked' and created_at >= $3
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
where tenant_id = $1 and message_id = any($2::uuid[]) and event_type = 'clicked' and link_index is not null;

-- name: reclass
-- tag: router
update message_events e set actor_class = u.actor, class_reasons = u.reasons
from unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::jsonb[]) as u (id, created_at, actor, reasons)
where e.tenant_id = $1 and e.id = u.id and e.created_at = u.created_at;

-- name: recount_engagement
-- tag: router
-- The first times of these messages, by what their facts say now.
update messages m set opened_at = f.opened, machine_opened_at = f.machine, clicked_at = f.clicked, updated_at = $2
from (select message_id, min(occurred_at) filter (where event_type = 'opened' and actor_class <> 'machine') as opened,
             min(occurred_at) filter (where event_type = 'opened' and actor_class = 'machine') as machine,
             min(occurred_at) filter (where event_type = 'clicked' and actor_class <> 'machine') as clicked
      from message_events where tenant_id = $1 and message_id = any($3::uuid[]) group by message_id) f
where m.tenant_id = $1 and m.id = f.message_id;
