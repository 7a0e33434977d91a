-- Imports, where SQLite takes JSON arrays.

-- name: stage_rows
-- tag: router
insert into import_rows (tenant_id, import_id, row_number, verdict, reason, note, contact_id, email, email_key, phone, first_name, last_name,
                         time_zone, locale, external_id, lead_id, tracking, attributes, tags, cells)
select $1, $2, cast(value ->> 0 as integer), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
       value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, case value ->> 14 when 'true' then 1 when 'false' then 0 end, value ->> 15,
       value ->> 16, value ->> 17
from json_each($3) where true
on conflict do nothing;

-- name: known_by_email
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and email_key in (select value from json_each($2));

-- name: known_by_external_id
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and external_id in (select value from json_each($2));

-- name: known_by_phone
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at, email_key
from contacts where tenant_id = $1 and phone in (select value from json_each($2));

-- name: known_leads
-- tag: router
select id from leads where tenant_id = $1 and id in (select value from json_each($2));

-- name: suppressed_addresses
-- tag: router
select email_key, reason from suppressions where tenant_id = $1 and email_key in (select value from json_each($2));

-- name: earlier_emails
-- tag: router
select email_key, row_number from import_rows where tenant_id = $1 and import_id = $2 and email_key in (select value from json_each($3)) and verdict <> 'reject';

-- name: earlier_external_ids
-- tag: router
select external_id, row_number from import_rows
where tenant_id = $1 and import_id = $2 and external_id in (select value from json_each($3)) and verdict <> 'reject';

-- name: earlier_phones
-- tag: router
select phone, row_number from import_rows
where tenant_id = $1 and import_id = $2 and phone in (select value from json_each($3)) and email_key is null and external_id is null and verdict <> 'reject';

-- name: earlier_contacts
-- tag: router
select contact_id, row_number from import_rows where tenant_id = $1 and contact_id in (select value from json_each($3)) and import_id = $2 and verdict <> 'reject';

-- name: update_contacts
-- tag: router
-- Only those that are still as they were read.
update contacts set email = u.email, email_key = u.email_key, phone = u.phone, first_name = u.first_name, last_name = u.last_name,
  time_zone = u.time_zone, locale = u.locale, external_id = u.external_id, lead_id = u.lead_id, tracking = u.tracking, attributes = u.attributes,
  tags = u.tags, updated_at = $2
from (select value ->> 0 as id, value ->> 1 as seen_at, value ->> 2 as email, value ->> 3 as email_key, value ->> 4 as phone, value ->> 5 as first_name,
             value ->> 6 as last_name, value ->> 7 as time_zone, value ->> 8 as locale, value ->> 9 as external_id, value ->> 10 as lead_id,
             case value ->> 11 when 'true' then 1 else 0 end as tracking, value ->> 12 as attributes, value ->> 13 as tags
      from json_each($3)) as u
where contacts.tenant_id = $1 and contacts.id = u.id and contacts.updated_at = u.seen_at
returning id;

-- name: note_rows
-- tag: router
update import_rows set verdict = u.verdict, reason = u.reason, note = coalesce(u.note, import_rows.note), contact_id = u.contact_id, before = u.before
from (select cast(value ->> 0 as integer) as row_number, value ->> 1 as verdict, value ->> 2 as reason, value ->> 3 as note, value ->> 4 as contact_id,
             value ->> 5 as before from json_each($3)) as u
where import_rows.tenant_id = $1 and import_rows.import_id = $2 and import_rows.row_number = u.row_number;

-- name: add_notes
-- tag: router
update import_rows set note = case when import_rows.note is null or import_rows.note = u.note then u.note else import_rows.note || '; ' || u.note end
from (select cast(value ->> 0 as integer) as row_number, value ->> 1 as note from json_each($3)) as u
where import_rows.tenant_id = $1 and import_rows.import_id = $2 and import_rows.row_number = u.row_number;

-- name: note_joined
-- tag: router
update import_rows set joined = true
where tenant_id = $1 and import_id = $2 and row_number > $3 and row_number <= $4 and verdict in ('update', 'unchanged')
  and contact_id in (select value from json_each($5));

-- name: grant_consents
-- tag: router
-- A denial that came in between stands.
insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, granted_at, created_at, updated_at)
select $1, value ->> 0, value ->> 1, $3, $4, 'granted', $5, $6, $2, $2, $2 from json_each($7) where true
on conflict (tenant_id, contact_id, channel, consent_type) do update set status = 'granted', source = excluded.source, ip_address = excluded.ip_address,
  granted_at = excluded.granted_at, revoked_at = null, expires_at = null, updated_at = excluded.updated_at
  where consent_records.status <> 'denied'
returning contact_id;

-- name: remember_consents
-- tag: router
insert into consent_history (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, user_agent, actor_kind, actor_id, import_id, occurred_at)
select $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, $3, value ->> 4, $4, $5, $6, $7, $8, $2 from json_each($9) where true
on conflict do nothing;

-- name: withdraw_consents
-- tag: router
delete from consent_records
where tenant_id = $1 and status = 'granted'
  and (contact_id, channel, consent_type) in (select value ->> 0, value ->> 1, value ->> 2 from json_each($2));

-- name: leave_segments
-- tag: router
delete from segment_memberships where tenant_id = $1 and contact_id in (select value from json_each($2));

-- name: remove_contacts
-- tag: router
delete from contacts where tenant_id = $1 and id in (select value from json_each($2)) and updated_at = created_at returning id;
