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

-- name: list
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id < $2 order by id desc limit $3;

-- name: list_by_email
-- tag: router
-- Addresses that begin with what was typed: a range of the unique index.
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and email_key >= $2 and email_key < $3 and id < $4 order by id desc limit $5;

-- name: list_by_external_id
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and external_id = $2 and id < $3 order by id desc limit $4;

-- name: list_of_segment
-- tag: router
select c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking,
       c.created_at, c.updated_at
from segment_memberships m join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.segment_id = $2 and m.contact_id < $3 order by m.contact_id desc limit $4;

-- name: forget_events
-- tag: router
update message_events set ip_address = null, user_agent = null, url = null, detail = '{}' where tenant_id = $1 and contact_id = $2;

-- name: forget_marketing_events
-- tag: router
update marketing_events set payload = '{}' where tenant_id = $1 and contact_id = $2;

-- name: forget_consents
-- tag: router
update consent_history set ip_address = null, user_agent = null, source = null where tenant_id = $1 and contact_id = $2;

-- name: forget_imports
-- tag: router
-- Also rows that were refused because they named the same person again.
delete from import_rows where tenant_id = $1
  and (contact_id = $2 or email_key = (select email_key from contacts where tenant_id = $1 and id = $2));

-- name: forget_attempts
-- tag: router
update message_attempts set trace = '{}', reply = null
where tenant_id = $1 and message_id in (select id from messages where tenant_id = $1 and contact_id = $2);

-- name: note_unsubscribe
-- tag: router
update messages set unsubscribed_at = coalesce(unsubscribed_at, $3), updated_at = $3 where tenant_id = $1 and id = $2;

-- name: lift_unsubscribe
-- tag: router
-- Who asks for mail again on his own preference page gets it; bounces and complaints stay.
delete from suppressions where tenant_id = $1 and reason = 'unsubscribe' and email_key in (select email_key from contacts where tenant_id = $1 and id = $2);
