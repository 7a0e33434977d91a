-- Imports, where PostgreSQL takes arrays.

-- name: stage_rows
-- tag: router
insert into import_rows (tenant_id, import_id, row_number, verdict, reason, note, contact_id, email, email_key, phone, first_name, last_name,
                         time_zone, locale, external_id, lead_id, tracking, attributes, tags, cells)
select $1, $2, u.row_number, u.verdict, u.reason, u.note, u.contact_id, u.email, u.email_key, u.phone, u.first_name, u.last_name, u.time_zone,
       u.locale, u.external_id, u.lead_id, u.tracking, u.attributes, u.tags, u.cells
from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
            $14::text[], $15::text[], $16::uuid[], $17::boolean[], $18::jsonb[], $19::jsonb[], $20::text[])
  as u (row_number, verdict, reason, note, contact_id, email, email_key, phone, first_name, last_name, time_zone, locale, external_id, lead_id, tracking,
        attributes, tags, cells)
on conflict do nothing;

-- name: known_by_email
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and email_key = any($2::text[]);

-- name: known_by_external_id
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and external_id = any($2::text[]);

-- name: known_by_phone
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and phone = any($2::text[]);

-- name: known_leads
-- tag: router
select id from leads where tenant_id = $1 and id = any($2::uuid[]);

-- name: suppressed_addresses
-- tag: router
select email_key, reason from suppressions where tenant_id = $1 and email_key = any($2::text[]);

-- name: earlier_emails
-- tag: router
select email_key, row_number from import_rows where tenant_id = $1 and import_id = $2 and email_key = any($3::text[]) and verdict <> 'reject';

-- name: earlier_external_ids
-- tag: router
select external_id, row_number from import_rows where tenant_id = $1 and import_id = $2 and external_id = any($3::text[]) and verdict <> 'reject';

-- name: earlier_phones
-- tag: router
select phone, row_number from import_rows
where tenant_id = $1 and import_id = $2 and phone = any($3::text[]) and email_key is null and external_id is null and verdict <> 'reject';

-- name: earlier_contacts
-- tag: router
select contact_id, row_number from import_rows where tenant_id = $1 and contact_id = any($3::uuid[]) and import_id = $2 and verdict <> 'reject';

-- name: update_contacts
-- tag: router
-- Only those that are still as they were read.
update contacts c set email = u.email, email_key = u.email_key, phone = u.phone, first_name = u.first_name, last_name = u.last_name,
  time_zone = u.time_zone, locale = u.locale, external_id = u.external_id, lead_id = u.lead_id, tracking = u.tracking, attributes = u.attributes,
  tags = u.tags, updated_at = $2
from unnest($3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[],
            $14::boolean[], $15::jsonb[], $16::jsonb[])
  as u (id, seen_at, email, email_key, phone, first_name, last_name, time_zone, locale, external_id, lead_id, tracking, attributes, tags)
where c.tenant_id = $1 and c.id = u.id and c.updated_at = u.seen_at
returning c.id;

-- name: note_rows
-- tag: router
update import_rows r set verdict = u.verdict, reason = u.reason, note = coalesce(u.note, r.note), contact_id = u.contact_id, before = u.before
from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::jsonb[]) as u (row_number, verdict, reason, note, contact_id, before)
where r.tenant_id = $1 and r.import_id = $2 and r.row_number = u.row_number;

-- name: add_notes
-- tag: router
update import_rows r set note = case when r.note is null or r.note = u.note then u.note else r.note || '; ' || u.note end
from unnest($3::bigint[], $4::text[]) as u (row_number, note)
where r.tenant_id = $1 and r.import_id = $2 and r.row_number = u.row_number;

-- name: note_joined
-- tag: router
update import_rows set joined = true
where tenant_id = $1 and import_id = $2 and row_number > $3 and row_number <= $4 and verdict in ('update', 'unchanged') and contact_id = any($5::uuid[]);

-- name: grant_consents
-- tag: router
-- A denial that came in between stands.
insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, granted_at, created_at, updated_at)
select $1, u.id, u.contact_id, $3, $4, 'granted', $5, $6, $2, $2, $2 from unnest($7::uuid[], $8::uuid[]) as u (id, contact_id)
on conflict (tenant_id, contact_id, channel, consent_type) do update set status = 'granted', source = excluded.source, ip_address = excluded.ip_address,
  granted_at = excluded.granted_at, revoked_at = null, expires_at = null, updated_at = excluded.updated_at
  where consent_records.status <> 'denied'
returning contact_id;

-- name: remember_consents
-- tag: router
insert into consent_history (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, user_agent, actor_kind, actor_id, import_id, occurred_at)
select $1, u.id, u.contact_id, u.channel, u.consent_type, $3, u.source, $4, $5, $6, $7, $8, $2
from unnest($9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::text[]) as u (id, contact_id, channel, consent_type, source)
on conflict do nothing;

-- name: withdraw_consents
-- tag: router
delete from consent_records k using unnest($2::uuid[], $3::text[], $4::text[]) as u (contact_id, channel, consent_type)
where k.tenant_id = $1 and k.contact_id = u.contact_id and k.channel = u.channel and k.consent_type = u.consent_type and k.status = 'granted';

-- name: leave_segments
-- tag: router
delete from segment_memberships where tenant_id = $1 and contact_id = any($2::uuid[]);

-- name: remove_contacts
-- tag: router
delete from contacts where tenant_id = $1 and id = any($2::uuid[]) and updated_at = created_at returning id;
