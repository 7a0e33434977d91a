-- name: claim
-- tag: router
update messages set status = 'sending', lease_owner = $5, fence = fence + 1, attempt_count = attempt_count + 1, updated_at = $3
where tenant_id = $1 and id in (
  select id from messages where tenant_id = $1 and lane_id = $2 and status = 'queued' and due_at <= $3 order by due_at limit $4)
returning id;

-- name: facts
-- tag: router
-- Everything the gate reads of a claimed batch, and what rendering needs.
select m.id, m.contact_id, m.campaign_id, m.purpose, m.channel, m.template_version_id, m.sender_id, m.fence, m.attempt_count, m.variables, m.created_at,
       s.reason, r.status, r.expires_at, k.status, k.name, i.from_email, i.from_name, i.reply_to, i.verified, i.provider_id, p.id, coalesce(m.tracking, k.tracking), m.visit,
       c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, c.created_at, c.updated_at,
       m.kind, m.to_address
from messages m
  left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
  left join suppressions s on s.tenant_id = $1 and s.email_key = coalesce(m.to_key, c.email_key)
  left join consent_records r on r.tenant_id = $1 and r.contact_id = m.contact_id and r.channel = m.channel and r.consent_type = m.purpose
  left join campaigns k on k.tenant_id = $1 and k.id = m.campaign_id
  left join sender_identities i on i.tenant_id = $1 and i.id = m.sender_id and i.deleted_at is null
  left join providers p on p.tenant_id = $1 and p.id = i.provider_id and p.deleted_at is null
where m.tenant_id = $1 and m.id in (select value from json_each($2));

-- name: skip
-- tag: router
update messages as m set status = 'skipped', skip_reason = u.value ->> 1, lease_owner = null, updated_at = $2
from json_each($3) as u where m.tenant_id = $1 and m.id = u.value ->> 0 and m.status = 'sending';

-- name: insert_attempts
-- tag: router
insert into message_attempts (tenant_id, message_id, attempt, fence, instance_id, started_at, finished_at, outcome, trace)
select $1, value ->> 0, cast(value ->> 1 as integer), cast(value ->> 2 as integer), $2, $3, value ->> 3, value ->> 4, value ->> 5
from json_each($4) where true
on conflict do nothing;

-- name: still_allowed
-- tag: router
-- Of these claimed messages, those that nothing has revoked since.
select m.id from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
  left join suppressions s on s.tenant_id = $1 and s.email_key = coalesce(m.to_key, c.email_key)
  left join consent_records r on r.tenant_id = $1 and r.contact_id = m.contact_id and r.channel = m.channel and r.consent_type = m.purpose
  left join send_lanes l on l.tenant_id = $1 and l.id = m.lane_id
where m.tenant_id = $1 and m.id in (select value from json_each($2)) and m.status = 'sending' and (c.id is not null or m.to_key is not null) and (l.id is null or l.is_open)
  and (m.purpose <> 'marketing' or (s.reason is null and r.status = 'granted'));

-- name: settle
-- tag: router
update messages as m set status = u.value ->> 2, sent_at = u.value ->> 3, provider_message_id = coalesce(u.value ->> 4, m.provider_message_id),
  error = u.value ->> 5, skip_reason = coalesce(u.value ->> 6, m.skip_reason), due_at = coalesce(u.value ->> 7, m.due_at),
  provider_id = coalesce(u.value ->> 8, m.provider_id), bounced_at = coalesce(m.bounced_at, u.value ->> 9), bounce_class = coalesce(m.bounce_class, u.value ->> 10),
  lease_owner = null, attempt_count = m.attempt_count - cast(u.value ->> 11 as integer), updated_at = $2
from json_each($3) as u
where m.tenant_id = $1 and m.id = u.value ->> 0 and m.fence = cast(u.value ->> 1 as integer) and m.status = 'sending'
returning id;

-- name: finish_attempts
-- tag: router
update message_attempts as a set finished_at = $2, outcome = u.value ->> 2, code = u.value ->> 3, reply = u.value ->> 4
from json_each($3) as u
where a.tenant_id = $1 and a.message_id = u.value ->> 0 and a.fence = cast(u.value ->> 1 as integer) and a.finished_at is null;
