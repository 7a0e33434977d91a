-- The event log.

-- name: append
-- tag: router
insert into marketing_events (tenant_id, event_id, event_type, contact_id, campaign_id, journey_id, message_id, payload, occurred_at, created_at)
select $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, $2
from json_each($3) where true
on conflict do nothing;

-- name: read_after
-- tag: fanout
-- One writer: the order of rows is the order of commits.
select tx, seq, tenant_id, event_id, event_type, contact_id, campaign_id, journey_id, message_id, payload, occurred_at, created_at
from marketing_events where $1 >= 0 and seq > $2 order by seq limit $3;

-- name: newest
-- tag: fanout
select tx, seq from marketing_events order by seq desc limit 1;

-- name: count_partitions
-- tag: utility
select 0;
