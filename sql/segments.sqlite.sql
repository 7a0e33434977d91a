-- Segments on SQLite: who has to join and leave is read beside the only writer, and written in small steps.

-- name: recalculate
-- tag: router
-- Who fits and is no member, who is a member and does not fit. The program puts the segment's question in the place of
-- `select id from contacts where tenant_id = $1`. Members after $3 and up to $4; $5 names whom to look at, null for everybody.
with fits as materialized (select id from contacts where tenant_id = $1)
select f.id, 'joined' from fits f
where not exists (select 1 from segment_memberships m where m.tenant_id = $1 and m.segment_id = $2 and m.contact_id = f.id)
union all
select m.contact_id, 'left' from segment_memberships m
where m.tenant_id = $1 and m.segment_id = $2 and m.contact_id > $3 and m.contact_id <= $4 and ($5 is null or m.contact_id in (select value from json_each($5)))
  and m.contact_id not in (select id from fits);

-- name: prepare_calculation
-- tag: utility
select $1, $2;

-- name: oldest_writer
-- tag: utility
-- One writer at a time.
select null;

-- name: add_references
-- tag: router
insert into segment_references (tenant_id, segment_id, asks_for) select $1, $2, value from json_each($3) where true on conflict do nothing;

-- name: used_by_campaigns
-- tag: router
-- Campaigns that still have to read it.
select id, name from campaigns where tenant_id = $1 and status in ('draft', 'scheduled', 'active', 'paused')
  and ($2 in (select value from json_each(segment_ids)) or $2 in (select value from json_each(exclude_segment_ids)))
order by name limit 10;

-- name: join_members
-- tag: router
insert into segment_memberships (tenant_id, segment_id, contact_id, added_at)
select $1, $2, c.id, $3 from contacts c where c.tenant_id = $1 and c.id in (select value from json_each($4))
on conflict do nothing returning contact_id;

-- name: leave_members
-- tag: router
delete from segment_memberships where tenant_id = $1 and segment_id = $2 and contact_id in (select value from json_each($3)) returning contact_id;

-- name: unknown_contacts
-- tag: router
select value from json_each($2) where not exists (select 1 from contacts c where c.tenant_id = $1 and c.id = value) limit 20;

-- name: changed_events
-- tag: router
select distinct contact_id from marketing_events
where tenant_id = $1 and event_type in (select value from json_each($2)) and created_at >= $3 and contact_id is not null limit $4;

-- name: changed_memberships
-- tag: router
select distinct contact_id from marketing_events
where tenant_id = $1 and event_type = 'segment_membership_changed' and created_at >= $3 and contact_id is not null
  and payload ->> 'segment_id' in (select value from json_each($2)) limit $4;

-- name: postpone
-- tag: router
update marketing_segments set next_calculation_at = $3 where tenant_id = $1 and id in (select value from json_each($2));

-- name: sample_contacts
-- tag: router
-- One row in so many, drawn by a stride that has nothing to do with their order.
select c.id from contacts c where c.tenant_id = $1 and c.rowid % max(1, cast(100 / $2 as integer)) = 0 limit $3;

-- name: sampled_people
-- tag: router
select id, email, first_name, last_name from contacts where tenant_id = $1 and id in (select value from json_each($2)) order by id desc;

-- What conditions ask of many contacts, each statement once for all of them.

-- name: facts_contacts
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id in (select value from json_each($2));

-- name: facts_consents
-- tag: router
select contact_id, channel, consent_type, status, expires_at from consent_records where tenant_id = $1 and contact_id in (select value from json_each($2));

-- name: facts_segments
-- tag: router
select contact_id, segment_id from segment_memberships where tenant_id = $1 and contact_id in (select value from json_each($2));

-- name: facts_events
-- tag: router
select contact_id, event_type, campaign_id, payload, occurred_at, created_at
from (select contact_id, event_type, campaign_id, payload, occurred_at, created_at,
             row_number() over (partition by contact_id order by created_at desc) as place
      from marketing_events
      where tenant_id = $1 and contact_id in (select value from json_each($2)) and event_type in (select value from json_each($3)))
where place <= $4;
