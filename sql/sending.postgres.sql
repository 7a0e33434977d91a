-- name: take_lane
-- tag: router
-- The lane for this claim alone; nothing when it was closed, has nothing due any more, or another instance is at it.
select l.version, l.throttle_per_minute, l.tokens, l.tokens_at, l.served_at, p.id
from send_lanes l
  left join campaigns k on k.tenant_id = $1 and k.id = l.campaign_id
  left join sender_identities i on i.tenant_id = $1 and i.id = coalesce(k.sender_id, l.sender_id)
  left join providers p on p.tenant_id = $1 and p.id = i.provider_id
where l.tenant_id = $1 and l.id = $2 and l.is_open and l.next_due_at <= $3
for update of l skip locked;

-- name: hold_limits
-- tag: router
select name, span, capacity, tokens, tokens_at, used from rate_limits where tenant_id = $1 order by name, span for update;

-- name: hold_contacts
-- tag: router
-- So that two claims do not both count a contact as not yet written to.
select id from contacts where tenant_id = $1 and id = any($2::uuid[]) order by id for update;

-- name: hold_campaigns
-- tag: router
-- These messages go back to the queue: not behind the back of a cancel.
select k.id from campaigns k where k.tenant_id = $1
  and k.id in (select m.campaign_id from messages m where m.tenant_id = $1 and m.id = any($2::uuid[])) order by k.id for share;

-- name: recent_marketing
-- tag: router
-- Marketing messages that each contact got since $3, or is getting.
select m.contact_id, count(*) from unnest($2::uuid[]) as u (id) join messages m on m.tenant_id = $1 and m.contact_id = u.id
where m.tenant_id = $1 and purpose = 'marketing' and kind = 'message' and (sent_at >= $3 or status in ('sending', 'uncertain'))
group by m.contact_id;

-- name: crashes
-- tag: router
-- How often the process died while each of these was under way.
select message_id, count(*) from message_attempts where tenant_id = $1 and message_id = any($2::uuid[]) and outcome = 'crashed' group by message_id;

-- name: fences
-- tag: router
select id, fence, lane_id, purpose from messages where tenant_id = $1 and id = any($2::uuid[]);

-- name: claim
-- tag: router
with due as (
  select id from messages where tenant_id = $1 and lane_id = $2 and status = 'queued' and due_at <= $3
  order by due_at limit $4 for update skip locked)
update messages m set status = 'sending', lease_owner = $5, fence = fence + 1, attempt_count = attempt_count + 1, updated_at = $3
from due where m.tenant_id = $1 and m.id = due.id
returning m.id;

-- name: facts
-- tag: router
-- Everything the gate reads of a claimed batch, and what rendering needs. The ids lead, whatever the planner believes of the tables.
select m.id, m.contact_id, m.campaign_id, m.purpose, m.channel, m.template_version_id, m.sender_id, m.fence, m.attempt_count, m.variables, m.created_at,
       s.reason, r.status, r.expires_at, k.status, k.name, i.from_email, i.from_name, i.reply_to, i.verified, i.provider_id, p.id, coalesce(m.tracking, k.tracking), m.visit,
       c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, c.created_at, c.updated_at,
       m.kind, m.to_address, m.scheduled_at, p.kind,
       l.id, l.name, l.domain, l.attributes, l.created_at, l.updated_at
from unnest($2::uuid[]) as u (id) join messages m on m.tenant_id = $1 and m.id = u.id
  left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
  left join leads l on l.tenant_id = $1 and l.id = c.lead_id
  left join lateral (select reason from suppressions x where x.tenant_id = $1 and x.email_key = coalesce(m.to_key, c.email_key) limit 1) s on true
  left join consent_records r on r.tenant_id = $1 and r.contact_id = m.contact_id and r.channel = m.channel and r.consent_type = m.purpose
  left join campaigns k on k.tenant_id = $1 and k.id = m.campaign_id
  left join sender_identities i on i.tenant_id = $1 and i.id = m.sender_id and i.deleted_at is null
  left join providers p on p.tenant_id = $1 and p.id = i.provider_id and p.deleted_at is null
where m.tenant_id = $1;

-- name: skip
-- tag: router
update messages m set status = 'skipped', skip_reason = u.reason, lease_owner = null, updated_at = $2
from unnest($3::uuid[], $4::text[]) as u (id, reason) where m.tenant_id = $1 and m.id = u.id and case m.status when 'sending' then true else false end;

-- name: insert_attempts
-- tag: router
insert into message_attempts (tenant_id, message_id, attempt, fence, instance_id, started_at, finished_at, outcome, trace)
select $1, u.message_id, u.attempt, u.fence, $2, $3, u.finished_at, u.outcome, u.trace
from unnest($4::uuid[], $5::int[], $6::bigint[], $7::timestamptz[], $8::text[], $9::jsonb[]) as u (message_id, attempt, fence, finished_at, outcome, trace)
on conflict do nothing;

-- name: still_allowed
-- tag: router
-- Of these claimed messages, those that nothing has revoked since, with the fence they have now. (The state is asked inside the case so that the
-- planner starts at the ids, not at all that is under way.)
select m.id, m.fence from unnest($2::uuid[]) as u (id) join messages m on m.tenant_id = $1 and m.id = u.id
  left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
  left join lateral (select reason from suppressions x where x.tenant_id = $1 and x.email_key = coalesce(m.to_key, c.email_key) limit 1) s on true
  left join consent_records r on r.tenant_id = $1 and r.contact_id = m.contact_id and r.channel = m.channel and r.consent_type = m.purpose
  left join send_lanes l on l.tenant_id = $1 and l.id = m.lane_id
where m.tenant_id = $1 and (c.id is not null or m.to_key is not null) and coalesce(l.is_open, true)
  and case when m.status <> 'sending' then false
           when m.purpose = 'marketing' then s.reason is null and r.status = 'granted'
           else (s.reason is null or (s.reason = 'unsubscribe' and m.kind <> 'test')) and coalesce(r.status, 'granted') <> 'denied' end;

-- name: settle
-- tag: router
-- By the fence: who was overtaken changes nothing. (The state is asked inside a case so that the planner starts at the ids.) A known end (u.known) also replaces what another instance could only guess of the
-- same attempt. What would wait in a canceled campaign or run is canceled.
update messages m set
  status = case when u.status = 'queued' and (
      exists (select 1 from campaigns k where k.tenant_id = $1 and k.id = m.campaign_id and k.status = 'canceled')
      or exists (select 1 from campaign_runs n where n.tenant_id = $1 and n.campaign_id = m.campaign_id and n.lane_id = m.lane_id and n.status = 'canceled'))
    then 'canceled' else u.status end,
  sent_at = u.sent_at, provider_message_id = coalesce(u.provider_message_id, m.provider_message_id), error = u.error,
  skip_reason = coalesce(u.skip_reason, m.skip_reason), due_at = coalesce(u.due_at, m.due_at), provider_id = coalesce(u.provider_id, m.provider_id),
  bounced_at = coalesce(m.bounced_at, u.bounced_at), bounce_class = coalesce(m.bounce_class, u.bounce_class), lease_owner = null,
  attempt_count = m.attempt_count - u.refund, updated_at = $2
from unnest($3::uuid[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::uuid[],
            $12::timestamptz[], $13::text[], $14::int[], $15::boolean[])
  as u (id, fence, status, sent_at, provider_message_id, error, skip_reason, due_at, provider_id, bounced_at, bounce_class, refund, known)
where m.tenant_id = $1 and m.id = u.id and m.fence = u.fence
  and case m.status when 'sending' then true when 'queued' then u.known when 'uncertain' then u.known else false end
returning m.id;

-- name: finish_attempts
-- tag: router
update message_attempts a set finished_at = $2, outcome = u.outcome, code = u.code, reply = u.reply
from unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[]) as u (message_id, fence, outcome, code, reply, known)
where a.tenant_id = $1 and a.message_id = u.message_id and a.fence = u.fence and (a.finished_at is null or (u.known and a.outcome in ('uncertain', 'crashed', 'not_sent')));

-- name: unanalysed
-- tag: utility
-- Tables that have grown and of which the planner knows nothing yet.
select c.relname from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
  and c.relname in ('messages', 'message_attempts', 'contacts', 'consent_records', 'suppressions') and pg_relation_size(c.oid) > 500000
  and not exists (select 1 from pg_stats s where s.schemaname = current_schema() and s.tablename = c.relname);
