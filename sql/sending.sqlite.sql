-- name: take_lane
-- tag: router
-- The lane for this claim alone; nothing when it was closed, has nothing due any more, or another instance is at it.
select l.version, l.throttle_per_minute, l.tokens, l.tokens_at, l.served_at, p.id
from send_lanes l
  left join campaigns k on k.tenant_id = $1 and k.id = l.campaign_id
  left join sender_identities i on i.tenant_id = $1 and i.id = coalesce(k.sender_id, l.sender_id)
  left join providers p on p.tenant_id = $1 and p.id = i.provider_id
where l.tenant_id = $1 and l.id = $2 and l.is_open and l.next_due_at <= $3;

-- name: hold_limits
-- tag: router
select name, span, capacity, tokens, tokens_at, used from rate_limits where tenant_id = $1 order by name, span;

-- name: hold_contacts
-- tag: router
-- So that two claims do not both count a contact as not yet written to.
select id from contacts where tenant_id = $1 and id in (select value from json_each($2)) order by id;

-- name: hold_campaigns
-- tag: router
-- These messages go back to the queue: not behind the back of a cancel.
select k.id from campaigns k where k.tenant_id = $1
  and k.id in (select m.campaign_id from messages m where m.tenant_id = $1 and m.id in (select value from json_each($2))) order by k.id;

-- name: recent_marketing
-- tag: router
-- Marketing messages that each contact got since $3, or is getting.
select contact_id, count(*) from messages
where tenant_id = $1 and contact_id in (select value from json_each($2)) and purpose = 'marketing' and kind = 'message' and (sent_at >= $3 or status in ('sending', 'uncertain'))
group by contact_id;

-- name: crashes
-- tag: router
-- How often the process died while each of these was under way.
select message_id, count(*) from message_attempts where tenant_id = $1 and message_id in (select value from json_each($2)) and outcome = 'crashed' group by message_id;

-- name: fences
-- tag: router
select id, fence, lane_id, purpose from messages where tenant_id = $1 and id in (select value from json_each($2));

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
       m.kind, m.to_address, m.scheduled_at, p.kind,
       l.id, l.name, l.domain, l.attributes, l.created_at, l.updated_at
from messages m
  left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
  left join leads l on l.tenant_id = $1 and l.id = c.lead_id
  left join suppressions s on s.tenant_id = $1 and s.email_key = coalesce(m.to_key, c.email_key)
  left join consent_records r on r.tenant_id = $1 and r.contact_id = m.contact_id and r.channel = m.channel and r.consent_type = m.purpose
  left join campaigns k on k.tenant_id = $1 and k.id = m.campaign_id
  left join sender_identities i on i.tenant_id = $1 and i.id = m.sender_id and i.deleted_at is null
  left join providers p on p.tenant_id = $1 and p.id = i.provider_id and p.deleted_at is null
where m.tenant_id = $1 and m.id in (select value from json_each($2));

-- name: skip
-- tag: router
update messages as m set status = 'skipped', skip_reason = u.value ->> 1, lease_owner = null, updated_at = $2
from json_each($3) as u
where m.tenant_id = $1 and m.id = u.value ->> 0 and m.id in (select value ->> 0 from json_each($3)) and m.status = 'sending';

-- name: insert_attempts
-- tag: router
insert into message_attempts (tenant_id, message_id, attempt, fence, instance_id, started_at, finished_at, outcome, trace)
select $1, value ->> 0, cast(value ->> 1 as integer), cast(value ->> 2 as integer), $2, $3, value ->> 3, value ->> 4, value ->> 5
from json_each($4) where true
on conflict do nothing;

-- name: still_allowed
-- tag: router
-- Of these claimed messages, those that nothing has revoked since, with the fence they have now. (The state is asked inside the case so that the
-- planner starts at the ids, not at all that is under way.)
select m.id, m.fence from messages m left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
  left join suppressions s on s.tenant_id = $1 and s.email_key = coalesce(m.to_key, c.email_key)
  left join consent_records r on r.tenant_id = $1 and r.contact_id = m.contact_id and r.channel = m.channel and r.consent_type = m.purpose
  left join send_lanes l on l.tenant_id = $1 and l.id = m.lane_id
where m.tenant_id = $1 and m.id in (select value from json_each($2)) and (c.id is not null or m.to_key is not null) and coalesce(l.is_open, true)
  and case when m.status <> 'sending' then false
           when m.purpose = 'marketing' then s.reason is null and r.status = 'granted'
           else (s.reason is null or (s.reason = 'unsubscribe' and m.kind <> 'test')) and coalesce(r.status, 'granted') <> 'denied' end;

-- name: settle
-- tag: router
-- By the fence: who was overtaken changes nothing. A known end (the last column) also replaces what another instance could only guess of
-- the same attempt. What would wait in a canceled campaign or run is canceled.
update messages as m set
  status = case when u.value ->> 2 = 'queued' and (
      exists (select 1 from campaigns k where k.tenant_id = $1 and k.id = m.campaign_id and k.status = 'canceled')
      or exists (select 1 from campaign_runs n where n.tenant_id = $1 and n.campaign_id = m.campaign_id and n.lane_id = m.lane_id and n.status = 'canceled'))
    then 'canceled' else u.value ->> 2 end,
  sent_at = u.value ->> 3, provider_message_id = coalesce(u.value ->> 4, m.provider_message_id),
  error = u.value ->> 5, skip_reason = coalesce(u.value ->> 6, m.skip_reason), due_at = coalesce(u.value ->> 7, m.due_at),
  provider_id = coalesce(u.value ->> 8, m.provider_id), bounced_at = coalesce(m.bounced_at, u.value ->> 9), bounce_class = coalesce(m.bounce_class, u.value ->> 10),
  lease_owner = null, attempt_count = m.attempt_count - cast(u.value ->> 11 as integer), updated_at = $2
from json_each($3) as u
where m.tenant_id = $1 and m.id = u.value ->> 0 and m.id in (select value ->> 0 from json_each($3)) and m.fence = cast(u.value ->> 1 as integer)
  and (m.status = 'sending' or (u.value ->> 12 = 'true' and m.status in ('queued', 'uncertain')))
returning id;

-- name: finish_attempts
-- tag: router
update message_attempts as a set finished_at = $2, outcome = u.value ->> 2, code = u.value ->> 3, reply = u.value ->> 4
from json_each($3) as u
where a.tenant_id = $1 and a.message_id = u.value ->> 0 and a.message_id in (select value ->> 0 from json_each($3)) and a.fence = cast(u.value ->> 1 as integer)
  and (a.finished_at is null or (u.value ->> 5 = 'true' and a.outcome in ('uncertain', 'crashed', 'not_sent')));

-- name: unanalysed
-- tag: utility
-- Its planner goes by the keys alone.
select name from sqlite_master where name is null;
