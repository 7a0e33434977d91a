-- name: list
-- tag: router
-- Newest first. ($5, $6) is the last row of the page before.
select event_id, event_type, contact_id, campaign_id, journey_id, message_id, payload, occurred_at, created_at from marketing_events
where tenant_id = $1
  and (cast($2 as text) is null or event_type = $2)
  and created_at >= $3 and created_at < $4
  and (created_at, event_id) < ($5, $6)
order by created_at desc, event_id desc limit $7;

-- name: list_of_contact
-- tag: router
-- The same of one contact.
select event_id, event_type, contact_id, campaign_id, journey_id, message_id, payload, occurred_at, created_at from marketing_events
where tenant_id = $1 and contact_id = $8
  and (cast($2 as text) is null or event_type = $2)
  and created_at >= $3 and created_at < $4
  and (created_at, event_id) < ($5, $6)
order by created_at desc, event_id desc limit $7;

-- name: consumer
-- tag: router
select position_tx, position_seq, failures from consumers where tenant_id = $1 and name = $2;

-- name: add_consumer
-- tag: router
insert into consumers (tenant_id, name, position_tx, position_seq, failures, updated_at) values ($1, $2, $3, $4, 0, $5)
on conflict (tenant_id, name) do nothing;

-- name: move_consumer
-- tag: router
-- Only from where we read: an instance that lost its lease changes nothing.
update consumers set position_tx = $3, position_seq = $4, position_at = $5, failures = 0, last_error = null, updated_at = $6
where tenant_id = $1 and name = $2 and position_tx = $7 and position_seq = $8;

-- name: fail_consumer
-- tag: router
update consumers set failures = failures + 1, last_error = $3, updated_at = $4 where tenant_id = $1 and name = $2;

-- name: take_lease
-- tag: router
insert into leases (tenant_id, name, owner, until) values ($1, $2, $3, $4)
on conflict (tenant_id, name) do update set owner = excluded.owner, until = excluded.until
  where leases.until < $5 or leases.owner = excluded.owner
returning owner;
