-- Imports: files, their staged rows, and what became of them.

-- name: insert
-- tag: router
insert into imports (tenant_id, id, status, filename, request, file_columns, bytes_read, rows_total, rows_created, rows_updated, rows_unchanged,
                     rows_rejected, rows_suppressed, consents_granted, consents_kept, undo_deleted, undo_restored, undo_kept, last_row, committed_to,
                     undone_to, actor, created_at, updated_at)
values ($1, $2, 'receiving', $3, $4, '[]', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $5, $6, $6);

-- name: find
-- tag: router
select id, status, filename, encoding, delimiter, error, file_columns, request, bytes_read, rows_total, rows_created, rows_updated, rows_unchanged,
       rows_rejected, rows_suppressed, consents_granted, consents_kept, undo_deleted, undo_restored, undo_kept, last_row, committed_to, undone_to,
       swept_at is null, created_at, updated_at, completed_at, actor
from imports where tenant_id = $1 and id = $2;

-- name: list
-- tag: router
select id, status, filename, encoding, delimiter, error, file_columns, request, bytes_read, rows_total, rows_created, rows_updated, rows_unchanged,
       rows_rejected, rows_suppressed, consents_granted, consents_kept, undo_deleted, undo_restored, undo_kept, last_row, committed_to, undone_to,
       swept_at is null, created_at, updated_at, completed_at, actor
from imports where tenant_id = $1 and id < $2 and status <> 'discarded' order by id desc limit $3;

-- name: list_of_contact
-- tag: router
-- Imports that made or met a contact, as long as their rows are kept.
select i.id, i.status, i.filename, i.encoding, i.delimiter, i.error, i.file_columns, i.request, i.bytes_read, i.rows_total, i.rows_created, i.rows_updated,
       i.rows_unchanged, i.rows_rejected, i.rows_suppressed, i.consents_granted, i.consents_kept, i.undo_deleted, i.undo_restored, i.undo_kept, i.last_row,
       i.committed_to, i.undone_to, i.swept_at is null, i.created_at, i.updated_at, i.completed_at, i.actor
from imports i
where i.tenant_id = $1 and i.id < $2 and i.status <> 'discarded'
  and i.id in (select r.import_id from import_rows r where r.tenant_id = $1 and r.contact_id = $4)
order by i.id desc limit $3;

-- name: segment_kind
-- tag: router
select is_dynamic from marketing_segments where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: note_columns
-- tag: router
update imports set file_columns = $3, encoding = $4, delimiter = $5, updated_at = $6 where tenant_id = $1 and id = $2 and status = 'receiving';

-- name: count_staged
-- tag: router
-- Adds a batch to the counts. Nothing when the import is not receiving any more.
update imports set bytes_read = $3, last_row = $4, rows_total = rows_total + $5, rows_created = rows_created + $6, rows_updated = rows_updated + $7,
  rows_unchanged = rows_unchanged + $8, rows_rejected = rows_rejected + $9, rows_suppressed = rows_suppressed + $10, updated_at = $11
where tenant_id = $1 and id = $2 and status = 'receiving' returning id;

-- name: staged
-- tag: router
update imports set status = 'staged', file_columns = $3, encoding = $4, bytes_read = $5, updated_at = $6
where tenant_id = $1 and id = $2 and status = 'receiving' returning id;

-- name: fail
-- tag: router
update imports set status = 'failed', error = $3, completed_at = $4, updated_at = $4
where tenant_id = $1 and id = $2 and status in ('receiving', 'staged') returning id;

-- name: begin_commit
-- tag: router
update imports set status = 'running', actor = $3, updated_at = $4 where tenant_id = $1 and id = $2 and status = 'staged' and swept_at is null returning id;

-- name: begin_undo
-- tag: router
update imports set status = 'undoing', actor = $3, undone_to = committed_to, completed_at = null, updated_at = $4
where tenant_id = $1 and id = $2 and status in ('running', 'completed') and swept_at is null returning id;

-- name: discard
-- tag: router
update imports set status = 'discarded', updated_at = $3 where tenant_id = $1 and id = $2 and status in ('staged', 'failed', 'undone') returning id;

-- name: advance_commit
-- tag: router
-- The fence of a chunk: whoever moves the mark does the rows, in one transaction.
update imports set committed_to = $4, updated_at = $5 where tenant_id = $1 and id = $2 and status = 'running' and committed_to = $3 returning id;

-- name: count_committed
-- tag: router
update imports set rows_created = rows_created + $3, rows_updated = rows_updated + $4, rows_unchanged = rows_unchanged + $5,
  rows_rejected = rows_rejected + $6, consents_granted = consents_granted + $7, consents_kept = consents_kept + $8
where tenant_id = $1 and id = $2;

-- name: committed
-- tag: router
update imports set status = 'completed', completed_at = $3, updated_at = $3
where tenant_id = $1 and id = $2 and status = 'running' and committed_to >= last_row returning id;

-- name: advance_undo
-- tag: router
update imports set undone_to = $4, updated_at = $5 where tenant_id = $1 and id = $2 and status = 'undoing' and undone_to = $3 returning id;

-- name: count_undone
-- tag: router
update imports set undo_deleted = undo_deleted + $3, undo_restored = undo_restored + $4, undo_kept = undo_kept + $5 where tenant_id = $1 and id = $2;

-- name: undone
-- tag: router
update imports set status = 'undone', completed_at = $3, updated_at = $3 where tenant_id = $1 and id = $2 and status = 'undoing' returning id;

-- name: chunk_counts
-- tag: router
select count(case when verdict = 'create' then 1 end), count(case when verdict in ('update', 'unchanged') then 1 end), count(case when verdict = 'reject' then 1 end)
from import_rows where tenant_id = $1 and import_id = $2 and row_number > $3 and row_number <= $4;

-- name: create_contacts
-- tag: router
-- All new ones of a chunk; those whose address or external_id was taken meanwhile are left out. A lead that is gone is not named.
insert into contacts (tenant_id, id, email, email_key, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags,
                      tracking, created_at, updated_at)
select r.tenant_id, r.contact_id, r.email, r.email_key, r.phone, r.first_name, r.last_name, r.time_zone, r.locale, r.external_id, l.id,
       coalesce(r.attributes, '{}'), coalesce(r.tags, '[]'), coalesce(r.tracking, true), $5, $5
from import_rows r left join leads l on l.tenant_id = $1 and l.id = r.lead_id
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and r.verdict = 'create'
on conflict do nothing
returning id;

-- name: chunk_addresses
-- tag: router
select email_key from import_rows
where tenant_id = $1 and import_id = $2 and row_number > $3 and row_number <= $4 and verdict <> 'reject' and email_key is not null;

-- name: rows_to_decide
-- tag: router
-- Of a chunk whose new contacts are in: those that were no new ones, and those that could not be put in.
select r.row_number, r.verdict, r.contact_id, r.email, r.email_key, r.phone, r.first_name, r.last_name, r.time_zone, r.locale, r.external_id,
       r.lead_id, r.tracking, r.attributes, r.tags
from import_rows r
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4
  and (r.verdict in ('update', 'unchanged')
       or (r.verdict = 'create' and not exists (select 1 from contacts c where c.tenant_id = $1 and c.id = r.contact_id)))
order by r.row_number;

-- name: preview_rows
-- tag: router
select row_number, verdict, reason, note, contact_id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, tracking, attributes,
       tags
from import_rows where tenant_id = $1 and import_id = $2 and row_number > $3 and (cast($4 as text) is null or verdict = $4) order by row_number limit $5;

-- name: preview_rejected
-- tag: router
-- The same, of the rejected ones: they have an index.
select row_number, verdict, reason, note, contact_id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, tracking, attributes,
       tags
from import_rows where tenant_id = $1 and import_id = $2 and row_number > $3 and verdict = 'reject' order by row_number limit $4;

-- name: rejected_rows
-- tag: router
select row_number, reason, cells, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, tracking, attributes, tags
from import_rows where tenant_id = $1 and import_id = $2 and row_number > $3 and verdict = 'reject' order by row_number limit $4;

-- name: consent_candidates
-- tag: router
-- Who of a chunk is to be granted a consent: what stands about it now, and why the address must not be written to.
select c.id, k.status, k.expires_at, s.reason, r.row_number
from import_rows r
join contacts c on c.tenant_id = $1 and c.id = r.contact_id
left join consent_records k on k.tenant_id = $1 and k.contact_id = c.id and k.channel = $5 and k.consent_type = $6
left join suppressions s on s.tenant_id = $1 and s.email_key = c.email_key and s.reason in ('unsubscribe', 'complaint')
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and r.verdict <> 'reject';

-- name: join_segment
-- tag: router
insert into segment_memberships (tenant_id, segment_id, contact_id, added_at)
select r.tenant_id, $5, r.contact_id, $6 from import_rows r join contacts c on c.tenant_id = $1 and c.id = r.contact_id
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and r.verdict <> 'reject'
on conflict do nothing
returning contact_id;

-- name: count_segment
-- tag: router
update marketing_segments set member_count = (select count(*) from segment_memberships m where m.tenant_id = $1 and m.segment_id = $2),
  generation = generation + 1, last_calculated_at = $3
where tenant_id = $1 and id = $2;

-- name: updated_rows
-- tag: router
-- What a chunk overwrote, beside how the contacts are now.
select r.row_number, r.before, r.email, r.phone, r.first_name, r.last_name, r.time_zone, r.locale, r.external_id, r.lead_id, r.tracking, r.attributes,
       c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, c.created_at,
       c.updated_at
from import_rows r join contacts c on c.tenant_id = $1 and c.id = r.contact_id
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and r.verdict = 'update' and r.before is not null
order by r.row_number;

-- name: created_rows
-- tag: router
select count(*) from import_rows where tenant_id = $1 and import_id = $2 and row_number > $3 and row_number <= $4 and verdict = 'create';

-- name: untouched_contacts
-- tag: router
-- Contacts that a chunk made and that nobody has changed, written to, heard of, or asked for consent since.
select c.id from import_rows r join contacts c on c.tenant_id = $1 and c.id = r.contact_id
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and r.verdict = 'create'
  and c.updated_at = c.created_at
  and not exists (select 1 from messages m where m.tenant_id = $1 and m.contact_id = c.id)
  and not exists (select 1 from marketing_events e where e.tenant_id = $1 and e.contact_id = c.id
                  and e.event_type not in ('consent_granted', 'consent_revoked', 'segment_membership_changed'))
  and not exists (select 1 from consent_history h where h.tenant_id = $1 and h.contact_id = c.id and (h.import_id is null or h.import_id <> $2));

-- name: contacts_left
-- tag: router
select r.row_number from import_rows r join contacts c on c.tenant_id = $1 and c.id = r.contact_id
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and r.verdict = 'create';

-- name: leave_segment
-- tag: router
-- Memberships that a chunk made: of the contacts it made, and of those it found and let join.
delete from segment_memberships
where tenant_id = $1 and segment_id = $5 and contact_id in (
  select r.contact_id from import_rows r
  where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and (r.verdict = 'create' or r.joined))
returning contact_id;

-- name: granted_consents
-- tag: router
-- Consents that a chunk granted and that are still the last word.
select h.contact_id, h.channel, h.consent_type, h.source from import_rows r
join consent_history h on h.tenant_id = $1 and h.import_id = $2 and h.contact_id = r.contact_id and h.status = 'granted'
where r.tenant_id = $1 and r.import_id = $2 and r.row_number > $3 and r.row_number <= $4 and r.verdict <> 'reject'
  and not exists (select 1 from consent_history n where n.tenant_id = $1 and n.contact_id = h.contact_id and n.channel = h.channel
                  and n.consent_type = h.consent_type and (n.occurred_at > h.occurred_at or (n.occurred_at = h.occurred_at and n.id > h.id)));

-- name: sweep_rows
-- tag: router
delete from import_rows where tenant_id = $1 and import_id = $2 and row_number > $3 and row_number <= $4;

-- name: rows_left
-- tag: router
select min(row_number), max(row_number) from import_rows where tenant_id = $1 and import_id = $2;

-- name: swept
-- tag: router
update imports set swept_at = $3 where tenant_id = $1 and id = $2 and status <> 'discarded';

-- name: remove_discarded
-- tag: router
delete from imports where tenant_id = $1 and id = $2 and status = 'discarded';

-- name: old
-- tag: fanout
-- Stalled uploads, staged files that nobody commits, and rows that are kept no longer.
select tenant_id, id, status from imports
where swept_at is null and ((status = 'receiving' and updated_at < $1) or (status = 'staged' and updated_at < $2)
                            or (status in ('completed', 'failed', 'undone') and updated_at < $3))
order by updated_at limit 100;
