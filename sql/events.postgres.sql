-- The event log.

-- name: append
-- tag: router
insert into marketing_events (tenant_id, event_id, event_type, contact_id, campaign_id, journey_id, message_id, payload, occurred_at, created_at)
select $1, u.id, u.type, u.contact_id, u.campaign_id, u.journey_id, u.message_id, u.payload, u.occurred_at, $2
from unnest($3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::jsonb[], $10::timestamptz[])
  as u (id, type, contact_id, campaign_id, journey_id, message_id, payload, occurred_at)
on conflict do nothing;

-- name: read_after
-- tag: fanout
-- Only what was written by transactions that have ended for every reader to come.
-- The bounds are hidden from the planner: within one large transaction it would believe that nothing is left, and sort all of it for each batch.
select tx, seq, tenant_id, event_id, event_type, contact_id, campaign_id, journey_id, message_id, payload, occurred_at, created_at
from marketing_events
where (tx, seq) > ((select cast($1 as bigint)), (select cast($2 as bigint))) and tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
order by tx, seq limit $3;

-- name: newest
-- tag: fanout
select tx, seq from marketing_events where tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by tx desc, seq desc limit 1;

-- name: count_partitions
-- tag: utility
select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema() and c.relispartition and c.relkind = 'r';
