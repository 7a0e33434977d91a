-- Segments and their members; what both databases say alike.

-- name: insert
-- tag: router
insert into marketing_segments (tenant_id, id, name, description, is_dynamic, conditions, member_count, generation, next_calculation_at, created_by, created_at,
                                updated_at)
values ($1, $2, $3, $4, $5, $6, 0, 0, $9, $7, $8, $8);

-- name: update
-- tag: router
update marketing_segments set name = $3, description = $4, updated_at = $5 where tenant_id = $1 and id = $2;

-- name: update_conditions
-- tag: router
-- Another question: what was calculated for the old one counts no more.
update marketing_segments set conditions = $3, conditions_version = conditions_version + 1, fully_calculated_at = null, calculation_failures = 0
where tenant_id = $1 and id = $2;

-- name: find
-- tag: router
select id, name, description, is_dynamic, conditions, member_count, generation, last_calculated_at, calculation_ms, calculation_error, created_at, updated_at,
       conditions_version, counted_through, fully_calculated_at, calculation_failures
from marketing_segments where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: list
-- tag: router
select id, name, description, is_dynamic, conditions, member_count, generation, last_calculated_at, calculation_ms, calculation_error, created_at, updated_at,
       conditions_version, counted_through, fully_calculated_at, calculation_failures
from marketing_segments where tenant_id = $1 and id < $2 and deleted_at is null and (cast($4 as text) is null or fold(name) like $4 escape '!')
order by id desc limit $3;

-- name: remove
-- tag: router
update marketing_segments set deleted_at = $3, updated_at = $3, next_calculation_at = null where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: lock_graph
-- tag: router
-- Changes of who asks for whom come one after the other, so that no two of them close a circle together.
insert into segment_graphs (tenant_id, version) values ($1, 1) on conflict (tenant_id) do update set version = segment_graphs.version + 1;

-- name: graph
-- tag: router
select r.segment_id, r.asks_for from segment_references r join marketing_segments s on s.tenant_id = $1 and s.id = r.segment_id
where r.tenant_id = $1 and s.deleted_at is null;

-- name: names
-- tag: router
select id, name, is_dynamic, counted_through from marketing_segments where tenant_id = $1 and deleted_at is null;

-- name: forget_references
-- tag: router
delete from segment_references where tenant_id = $1 and segment_id = $2;

-- name: asked_for_by
-- tag: router
select s.id, s.name from segment_references r join marketing_segments s on s.tenant_id = $1 and s.id = r.segment_id
where r.tenant_id = $1 and r.asks_for = $2 and s.deleted_at is null order by s.name limit 10;

-- name: members
-- tag: router
select c.id, c.email, c.first_name, c.last_name, m.added_at from segment_memberships m join contacts c on c.tenant_id = $1 and c.id = m.contact_id
where m.tenant_id = $1 and m.segment_id = $2 and m.contact_id < $3 order by m.contact_id desc limit $4;

-- name: count_members
-- tag: router
select count(*) from segment_memberships where tenant_id = $1 and segment_id = $2;

-- name: leave_without_contact
-- tag: router
-- Contacts that are gone are members of nothing.
delete from segment_memberships where tenant_id = $1 and segment_id = $2
  and not exists (select 1 from contacts c where c.tenant_id = $1 and c.id = segment_memberships.contact_id);

-- name: copy_members
-- tag: router
insert into segment_memberships (tenant_id, segment_id, contact_id, added_at)
select $1, $3, m.contact_id, $4 from segment_memberships m where m.tenant_id = $1 and m.segment_id = $2 and m.contact_id > $5 and m.contact_id <= $6
on conflict do nothing returning contact_id;

-- name: chunk_of_members
-- tag: router
select max(contact_id) from (select cast(contact_id as text) as contact_id from segment_memberships
  where tenant_id = $1 and segment_id = $2 and contact_id > $3 order by segment_memberships.contact_id limit $4) chunk;

-- name: forget_members
-- tag: router
delete from segment_memberships where tenant_id = $1 and segment_id = $2 and contact_id <= $3;

-- name: begin_calculation
-- tag: router
-- Counted as a failure until it has ended well: so one that takes its process down is not repeated without a pause.
update marketing_segments set calculation_failures = calculation_failures + 1, next_calculation_at = $3 where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: calculated
-- tag: router
-- Only what was asked counts: an answer to conditions that were changed meanwhile is none.
update marketing_segments set member_count = $3, generation = $4, last_calculated_at = $5, calculation_ms = $6, calculation_error = null, calculation_failures = 0,
  next_calculation_at = $7, counted_through = $8, fully_calculated_at = case when $9 then $5 else fully_calculated_at end
where tenant_id = $1 and id = $2 and conditions_version = $10 and deleted_at is null returning id;

-- name: recounted
-- tag: router
update marketing_segments set member_count = $3, generation = generation + 1, last_calculated_at = $4, next_calculation_at = $5, calculation_failures = 0
where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: still_asks
-- tag: router
select 1 from marketing_segments where tenant_id = $1 and id = $2 and conditions_version = $3 and deleted_at is null;

-- name: calculation_failed
-- tag: router
update marketing_segments set calculation_error = $3 where tenant_id = $1 and id = $2;

-- name: due
-- tag: fanout
select tenant_id, id from marketing_segments where deleted_at is null and next_calculation_at <= $1 order by next_calculation_at limit 500;

-- name: want_whole
-- tag: router
update marketing_segments set fully_calculated_at = null where tenant_id = $1 and id = $2;

-- name: dependents
-- tag: router
select s.id from segment_references r join marketing_segments s on s.tenant_id = $1 and s.id = r.segment_id
where r.tenant_id = $1 and r.asks_for = $2 and s.deleted_at is null and s.is_dynamic = true;

-- name: note_history
-- tag: router
insert into segment_history (tenant_id, segment_id, calculated_at, generation, member_count, joined, departed, calculation_ms, whole)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing;

-- name: history
-- tag: router
select calculated_at, generation, member_count, joined, departed, calculation_ms, whole from segment_history
where tenant_id = $1 and segment_id = $2 and (calculated_at, generation) < ($3, $4) order by calculated_at desc, generation desc limit $5;

-- name: trim_history
-- tag: router
delete from segment_history where tenant_id = $1 and segment_id = $2 and calculated_at < $3;

-- name: forget_history
-- tag: router
delete from segment_history where tenant_id = $1 and segment_id = $2;

-- name: chunk_of_contacts
-- tag: router
-- The last contact of the next so many.
select max(id) from (select cast(c.id as text) as id from contacts c where c.tenant_id = $1 and c.id > $2 order by c.id limit $3) chunk;

-- name: count_contacts
-- tag: router
select count(*) from contacts where tenant_id = $1;

-- name: changed_contacts
-- tag: router
select id from contacts where tenant_id = $1 and updated_at >= $2 and updated_at < $3 limit $4;

-- name: aged_contacts
-- tag: router
select id from contacts where tenant_id = $1 and created_at >= $2 and created_at < $3 limit $4;

-- name: changed_consents
-- tag: router
select distinct contact_id from consent_records where tenant_id = $1 and updated_at >= $2 limit $3;

-- name: aged_events
-- tag: router
-- Whose event of this kind has left a window that ended at $3, and ends at $4 now. $5 is how long after its time one may have been written down.
select distinct contact_id from marketing_events
where tenant_id = $1 and event_type = $2 and created_at >= $3 and created_at < $5 and occurred_at >= $3 and occurred_at < $4 and contact_id is not null limit $6;

-- name: explain_segments
-- tag: router
select segment_id from segment_memberships where tenant_id = $1 and contact_id = $2;

-- name: grown_by
-- tag: router
-- A list kept by hand, that somebody added to or took from.
update marketing_segments set member_count = member_count + $3, generation = generation + 1, last_calculated_at = $4
where tenant_id = $1 and id = $2 and deleted_at is null;
