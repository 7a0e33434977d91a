-- Answers kept for Idempotency-Key.

-- name: claim
-- tag: router
-- Ours if nobody has the key, or its answer is too old, or its holder was abandoned.
insert into idempotency_keys (tenant_id, actor_id, idempotency_key, request_hash, created_at)
values ($1, $2, $3, $4, $5)
on conflict (tenant_id, actor_id, idempotency_key) do update
  set request_hash = excluded.request_hash, created_at = excluded.created_at, status = null, content_type = null, body = null, location = null
  where idempotency_keys.created_at < $6 or (idempotency_keys.status is null and idempotency_keys.created_at < $7)
returning request_hash;

-- name: find
-- tag: router
select request_hash, status, content_type, body, location from idempotency_keys
where tenant_id = $1 and actor_id = $2 and idempotency_key = $3;

-- name: keep
-- tag: router
update idempotency_keys set status = $4, content_type = $5, body = $6, location = $7
where tenant_id = $1 and actor_id = $2 and idempotency_key = $3;

-- name: keep_streamed
-- tag: router
-- What a stream's body hashes to is known only when it has been read.
update idempotency_keys set status = $4, content_type = $5, body = $6, location = $7, request_hash = $8
where tenant_id = $1 and actor_id = $2 and idempotency_key = $3;

-- name: release
-- tag: router
delete from idempotency_keys where tenant_id = $1 and actor_id = $2 and idempotency_key = $3;

-- name: forget_old
-- tag: fanout
delete from idempotency_keys where created_at < $1;
