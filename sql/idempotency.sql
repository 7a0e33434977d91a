-- Answers kept for Idempotency-Key.

-- name: claim
-- tag: router
-- Ours if nobody has the key, or its answer is too old.
insert into idempotency_keys (tenant_id, actor_id, idempotency_key, request_hash, request_id, created_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, actor_id, idempotency_key) do update
  set request_hash = excluded.request_hash, request_id = excluded.request_id, created_at = excluded.created_at, status = null, content_type = null,
      body = null, location = null
  where idempotency_keys.created_at < $7
returning request_hash;

-- name: take_over
-- tag: router
-- From a request that came to nothing; one of those who try gets it.
update idempotency_keys set request_id = $5, created_at = $6
where tenant_id = $1 and actor_id = $2 and idempotency_key = $3 and request_id = $4 and status is null
returning request_hash;

-- name: find
-- tag: router
select request_hash, status, content_type, body, location, request_id, created_at from idempotency_keys
where tenant_id = $1 and actor_id = $2 and idempotency_key = $3;

-- name: keep
-- tag: router
-- Only by the request that holds the key.
update idempotency_keys set status = $5, content_type = $6, body = $7, location = $8
where tenant_id = $1 and actor_id = $2 and idempotency_key = $3 and request_id = $4;

-- name: keep_streamed
-- tag: router
-- What a stream's body hashes to is known only when it has been read.
update idempotency_keys set status = $5, content_type = $6, body = $7, location = $8, request_hash = $9
where tenant_id = $1 and actor_id = $2 and idempotency_key = $3 and request_id = $4;

-- name: release
-- tag: router
delete from idempotency_keys where tenant_id = $1 and actor_id = $2 and idempotency_key = $3 and request_id = $4;

-- name: forget_old
-- tag: fanout
delete from idempotency_keys where created_at < $1;
