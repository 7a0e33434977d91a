-- Segments where PostgreSQL changes many rows at once.

-- name: recalculate
-- tag: router
-- Who fits joins, who does not leaves, and each of them is told of, in one statement. The program puts the segment's question in the place of
-- `select id from contacts where tenant_id = $1`. The events' ids are of the time of $4, an id of this run, and follow from it and the contact's. $6 names whom to look at,
-- null for everybody. Sorted, because the rows of an index that lie together are written together.
with fits as materialized (select id from contacts where tenant_id = $1),
joined as (
  insert into segment_memberships (tenant_id, segment_id, contact_id, added_at)
  select $1, $2, f.id, $3 from fits f
  where not exists (select 1 from segment_memberships m where m.tenant_id = $1 and m.segment_id = $2 and m.contact_id = f.id)
  order by f.id
  on conflict do nothing returning contact_id),
gone as (
  delete from segment_memberships m
  where m.tenant_id = $1 and m.segment_id = $2 and (cast($6 as uuid[]) is null or m.contact_id = any(cast($6 as uuid[])))
    and not exists (select 1 from fits f where f.id = m.contact_id)
  returning m.contact_id),
changes as (select contact_id, 'joined' as change from joined union all select contact_id, 'left' from gone),
told as (
  insert into marketing_events (tenant_id, event_id, event_type, contact_id, payload, occurred_at, created_at)
  select $1, cast(substr(cast($4 as text), 1, 18) || '-a' || substr(d.hash, 1, 3) || '-' || substr(d.hash, 4, 12) as uuid), 'segment_membership_changed', d.contact_id,
         cast('{"segment_id":"' || cast(cast($2 as uuid) as text) || '","change":"' || d.change || '","generation":' || cast(cast($5 as bigint) as text) || '}' as jsonb), $3, $3
  from (select contact_id, change, md5(cast($4 as text) || cast(contact_id as text)) as hash from changes) d
  on conflict do nothing)
select change, count(*) from changes group by change;

-- name: prepare_calculation
-- tag: utility
-- For this transaction: room to hash in, no compiling of expressions, and no loops over what was guessed to be few (whole runs only).
select set_config('work_mem', '64MB', true), set_config('jit', 'off', true), set_config('enable_nestloop', $1, true), set_config('statement_timeout', $2, true);

-- name: oldest_writer
-- tag: utility
-- Since when somebody has been writing who has not ended yet.
select min(xact_start) from pg_stat_activity where datname = current_database() and backend_xid is not null;

-- name: add_references
-- tag: router
insert into segment_references (tenant_id, segment_id, asks_for) select $1, $2, u.id from unnest($3::uuid[]) as u (id) on conflict do nothing;

-- name: used_by_campaigns
-- tag: router
-- Campaigns that still have to read it.
select id, name from campaigns where tenant_id = $1 and status in ('draft', 'scheduled', 'active', 'paused')
  and (segment_ids @> cast('["' || cast(cast($2 as uuid) as text) || '"]' as jsonb) or exclude_segment_ids @> cast('["' || cast(cast($2 as uuid) as text) || '"]' as jsonb))
order by name limit 10;

-- name: join_members
-- tag: router
insert into segment_memberships (tenant_id, segment_id, contact_id, added_at)
select $1, $2, c.id, $3 from contacts c where c.tenant_id = $1 and c.id = any($4::uuid[])
on conflict do nothing returning contact_id;

-- name: leave_members
-- tag: router
delete from segment_memberships where tenant_id = $1 and segment_id = $2 and contact_id = any($3::uuid[]) returning contact_id;

-- name: unknown_contacts
-- tag: router
select u.id from unnest($2::uuid[]) as u (id) where not exists (select 1 from contacts c where c.tenant_id = $1 and c.id = u.id) limit 20;

-- name: changed_events
-- tag: router
select distinct contact_id from marketing_events
where tenant_id = $1 and event_type = any($2::text[]) and created_at >= $3 and contact_id is not null limit $4;

-- name: changed_memberships
-- tag: router
select distinct contact_id from marketing_events
where tenant_id = $1 and event_type = 'segment_membership_changed' and created_at >= $3 and contact_id is not null and payload ->> 'segment_id' = any($2::text[]) limit $4;

-- name: postpone
-- tag: router
update marketing_segments set next_calculation_at = $3 where tenant_id = $1 and id = any($2::uuid[]);

-- name: sample_contacts
-- tag: router
-- $2 per cent of them, drawn by lot. Neighbours on a page came together and are alike, so of sixteen times as many pages one row in
-- sixteen is taken: by the last digit of its id, which is random.
select c.id from contacts c tablesample system (least(100, cast($2 as float8) * 16))
where c.tenant_id = $1 and right(cast(c.id as text), 1) = '7' limit $3;

-- name: sampled_people
-- tag: router
select id, email, first_name, last_name from contacts where tenant_id = $1 and id = any($2::uuid[]) order by id desc;

-- What conditions ask of many contacts, each statement once for all of them.

-- name: facts_contacts
-- tag: router
select id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at
from contacts where tenant_id = $1 and id = any($2::uuid[]);

-- name: facts_consents
-- tag: router
select contact_id, channel, consent_type, status, expires_at from consent_records where tenant_id = $1 and contact_id = any($2::uuid[]);

-- name: facts_segments
-- tag: router
select contact_id, segment_id from segment_memberships where tenant_id = $1 and contact_id = any($2::uuid[]);

-- name: facts_events
-- tag: router
select c.id, e.event_type, e.campaign_id, e.payload, e.occurred_at, e.created_at
from unnest($2::uuid[]) as c (id)
  cross join lateral (select event_type, campaign_id, payload, occurred_at, created_at from marketing_events
                      where tenant_id = $1 and contact_id = c.id and event_type = any($3::text[]) order by created_at desc limit $4) e;
