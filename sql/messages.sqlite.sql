-- name: queue
-- tag: router
insert into messages (tenant_id, id, direction, channel, purpose, kind, source_id, visit, contact_id, to_address, to_key, tracking, lane_id, template_version_id,
                      sender_id, status, priority, attempt_count, fence, due_at, scheduled_at, variables, created_at, updated_at)
select $1, value ->> 0, 'outbound', value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, case value ->> 9 when 'true' then true when 'false' then false end, value ->> 10,
       value ->> 11, value ->> 12, 'queued', cast(value ->> 13 as integer), 0, 0, value ->> 14, value ->> 14, value ->> 15, $2, $2
from json_each($3) where true
on conflict do nothing
returning id;

-- name: facts
-- tag: router
-- What rendering these messages needs, whatever their state.
select m.id, m.contact_id, m.campaign_id, k.name, m.template_version_id, m.variables, m.created_at, m.kind, m.purpose, m.to_address,
       i.from_email, i.from_name, i.reply_to, coalesce(m.tracking, k.tracking), m.channel,
       c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, c.created_at, c.updated_at,
       l.id, l.name, l.domain, l.attributes, l.created_at, l.updated_at
from messages m
  left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
  left join leads l on l.tenant_id = $1 and l.id = c.lead_id
  left join campaigns k on k.tenant_id = $1 and k.id = m.campaign_id
  left join sender_identities i on i.tenant_id = $1 and i.id = m.sender_id
where m.tenant_id = $1 and m.id in (select value from json_each($2));

-- name: suppressed
-- tag: router
select email_key, reason from suppressions where tenant_id = $1 and email_key in (select value from json_each($2));
