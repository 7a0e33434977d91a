-- Contacts.

-- name: insert
-- tag: router
insert into contacts (tenant_id, id, email, email_key, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags,
                      tracking, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15);

-- name: find
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id = $2;

-- name: page_newest
-- tag: router
-- A page of everybody; lists with filters are put together in contact_list.cc.
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and id < $2 order by id desc limit $3;

-- name: page_oldest
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and id > $2 order by id limit $3;

-- name: find_with_lead
-- tag: router
select c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking,
       c.created_at, c.updated_at, l.id, l.name, l.domain, l.attributes, l.created_at, l.updated_at
from contacts c left join leads l on l.tenant_id = $1 and l.id = c.lead_id
where c.tenant_id = $1 and c.id = $2;

-- name: find_by_key
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and email_key = $2;

-- name: update
-- tag: router
update contacts set email = $3, email_key = $4, phone = $5, first_name = $6, last_name = $7, time_zone = $8, locale = $9, external_id = $10,
  lead_id = $11, attributes = $12, tags = $13, tracking = $14, updated_at = $15
where tenant_id = $1 and id = $2;

-- name: leave_segments
-- tag: router
delete from segment_memberships where tenant_id = $1 and contact_id = $2;

-- name: remove
-- tag: router
delete from contacts where tenant_id = $1 and id = $2;

-- name: forget_events
-- tag: router
update message_events set ip_address = null, user_agent = null, url = null, detail = '{}' where tenant_id = $1 and contact_id = $2;

-- name: forget_marketing_events
-- tag: router
update marketing_events set payload = '{}' where tenant_id = $1 and contact_id = $2;

-- name: forget_consents
-- tag: router
-- What was granted when, and the text that was shown, stay as proof.
update consent_history set ip_address = null, user_agent = null, source = null where tenant_id = $1 and contact_id = $2;

-- name: forget_requests
-- tag: router
delete from consent_requests where tenant_id = $1 and contact_id = $2;

-- name: forget_imports
-- tag: router
-- Also rows that were refused because they named the same person again.
delete from import_rows where tenant_id = $1
  and (contact_id = $2 or email_key = (select email_key from contacts where tenant_id = $1 and id = $2));

-- name: forget_attempts
-- tag: router
update message_attempts set trace = '{}', reply = null
where tenant_id = $1 and message_id in (select id from messages where tenant_id = $1 and contact_id = $2);

-- name: forget_messages
-- tag: router
update messages set variables = null, error = null, to_address = null, to_key = null where tenant_id = $1 and contact_id = $2;

-- name: forget_inbox
-- tag: router
delete from demo_inbox where tenant_id = $1 and message_id in (select id from messages where tenant_id = $1 and contact_id = $2);

-- name: forget_answers
-- tag: router
delete from idempotency_keys where tenant_id = $1 and location = $2;

-- name: forget_audit
-- tag: router
-- That there were changes, when and by whom stays; from what to what does not.
update audit_logs set changes = '{}', ip_address = case when actor_kind = 'recipient' then null else ip_address end
where tenant_id = $1 and entity_type in ('contact', 'consent') and entity_id = $2;

-- name: cancel_messages
-- tag: router
update messages set status = 'canceled', skip_reason = 'contact_deleted', updated_at = $3 where tenant_id = $1 and contact_id = $2 and status = 'queued';

-- name: timeline
-- tag: router
-- Events, messages, consents, changes, and what providers told beyond events; ($3, $4) is the last item of the page before.
select kind, id, at, occurred_at, type, campaign_id, message_id, channel, subject, note, actor, ip_address, detail from (
  select * from (
    select 'event' as kind, event_id as id, created_at as at, occurred_at, event_type as type, campaign_id, message_id, cast(null as text) as channel,
           cast(null as text) as subject, cast(null as text) as note, cast(null as text) as actor, cast(null as text) as ip_address, payload as detail
    from marketing_events
    where tenant_id = $1 and contact_id = $2 and event_type not in ('consent_granted', 'consent_revoked') and (created_at, event_id) < ($3, $4)
    order by created_at desc, event_id desc limit $5) e
  union all
  select * from (
    select 'message', id, created_at, coalesce(sent_at, created_at), 'message_' || status, campaign_id, id, channel, purpose, skip_reason, cast(null as text),
           cast(null as text), cast(null as jsonb)
    from messages
    where tenant_id = $1 and contact_id = $2 and (created_at, id) < ($3, $4)
    order by created_at desc, id desc limit $5) m
  union all
  select * from (
    select 'consent', id, occurred_at, occurred_at, 'consent_' || status, cast(null as uuid), cast(null as uuid), channel, consent_type, source, actor_kind,
           ip_address, cast(null as jsonb)
    from consent_history
    where tenant_id = $1 and contact_id = $2 and (occurred_at, id) < ($3, $4)
    order by occurred_at desc, id desc limit $5) c
  union all
  select * from (
    select 'change', id, created_at, created_at, 'contact_' || action, cast(null as uuid), cast(null as uuid), cast(null as text), cast(null as text),
           cast(null as text), actor_kind, ip_address, changes
    from audit_logs
    where tenant_id = $1 and entity_type = 'contact' and entity_id = $2 and (created_at, id) < ($3, $4)
    order by created_at desc, id desc limit $5) a
  union all
  select * from (
    select 'fact', id, created_at, occurred_at, event_type, campaign_id, message_id, channel, actor_class, url, provider, ip_address, detail
    from message_events
    where tenant_id = $1 and contact_id = $2 and (created_at, id) < ($3, $4)
      and (actor_class = 'machine' or event_type in ('deferred', 'dropped', 'complained', 'resubscribed'))
    order by created_at desc, id desc limit $5) f
) everything
order by at desc, id desc limit $5;

-- name: export_consents
-- tag: router
select channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1 and contact_id = $2 order by channel, consent_type;

-- name: export_consent_history
-- tag: router
select id, channel, consent_type, status, source, ip_address, user_agent, text_shown, actor_kind, occurred_at
from consent_history where tenant_id = $1 and contact_id = $2 order by occurred_at, id;

-- name: export_suppressions
-- tag: router
select s.id, s.email_address, s.reason, s.source, s.created_at
from contacts c join suppressions s on s.tenant_id = $1 and s.email_key = c.email_key where c.tenant_id = $1 and c.id = $2;

-- name: export_segments
-- tag: router
select m.segment_id, s.name, m.added_at from segment_memberships m join marketing_segments s on s.tenant_id = $1 and s.id = m.segment_id
where m.tenant_id = $1 and m.contact_id = $2 order by m.added_at, m.segment_id;

-- name: export_messages
-- tag: router
select m.id, m.channel, m.purpose, m.campaign_id, v.subject, m.status, m.skip_reason, m.attempt_count, m.provider_message_id, m.variables, m.created_at,
       m.sent_at, m.delivered_at, m.opened_at, m.clicked_at, m.bounced_at, m.complained_at, m.unsubscribed_at
from messages m left join template_versions v on v.tenant_id = $1 and v.id = m.template_version_id
where m.tenant_id = $1 and m.contact_id = $2 order by m.created_at, m.id;

-- name: export_message_events
-- tag: router
select id, message_id, event_type, actor_class, provider, url, ip_address, user_agent, detail, occurred_at
from message_events where tenant_id = $1 and contact_id = $2 order by created_at, id;

-- name: export_events
-- tag: router
select event_id, event_type, campaign_id, message_id, payload, occurred_at, created_at
from marketing_events where tenant_id = $1 and contact_id = $2 order by created_at, event_id;

-- name: export_changes
-- tag: router
select id, entity_type, action, actor_kind, changes, created_at
from audit_logs where tenant_id = $1 and entity_type in ('contact', 'consent') and entity_id = $2 order by created_at, id;

-- name: export_imports
-- tag: router
select import_id, row_number, verdict, email, phone, first_name, last_name, external_id, attributes, before, cells from import_rows where tenant_id = $1 and contact_id = $2 order by import_id, row_number;

-- name: note_unsubscribe
-- tag: router
update messages set unsubscribed_at = coalesce(unsubscribed_at, $3), updated_at = $3 where tenant_id = $1 and id = $2;

-- name: forget_journeys
-- tag: router
-- Whoever is on the way leaves; that somebody was there stays counted, without what was known of them.
update journey_executions set variables = '{}', event = '{}', orders = null, error = null, due_at = null, held_at = null,
  ended_at = coalesce(ended_at, $3), reason = coalesce(reason, 'erased'), status = case when status in ('active', 'waiting') then 'exited' else status end, updated_at = $3
where tenant_id = $1 and contact_id = $2;

-- name: forget_journey_steps
-- tag: router
update journey_steps set trace = '{}' where tenant_id = $1 and execution_id in (select id from journey_executions where tenant_id = $1 and contact_id = $2);

-- name: forget_journey_waits
-- tag: router
delete from journey_event_waits where tenant_id = $1 and contact_id = $2;

-- name: forget_journey_entries
-- tag: router
delete from journey_entrants where tenant_id = $1 and contact_id = $2;

-- name: export_journeys
-- tag: router
select e.id, e.journey_id, j.name, e.version, e.status, e.reason, e.node_id, e.variables, e.event, e.entered_at, e.ended_at
from journey_executions e join journeys j on j.tenant_id = $1 and j.id = e.journey_id
where e.tenant_id = $1 and e.contact_id = $2 order by e.entered_at, e.id;

-- name: export_journey_steps
-- tag: router
select s.execution_id, s.visit, s.node_id, s.kind, s.exit, s.outcome, s.arrived_at, s.left_at, s.trace
from journey_executions e join journey_steps s on s.tenant_id = $1 and s.execution_id = e.id
where e.tenant_id = $1 and e.contact_id = $2 order by s.left_at, s.execution_id, s.visit;
