-- Durable jobs, where PostgreSQL takes arrays and skips locked rows.

-- name: enqueue
-- tag: router
insert into jobs (tenant_id, id, queue, kind, job_key, payload, priority, state, run_at, attempts, max_attempts, fence, created_at, updated_at)
select $1, u.id, u.queue, u.kind, u.key, u.payload, u.priority, 'ready', u.run_at, 0, u.max_attempts, 0, $2, $2
from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::int[], $9::timestamptz[], $10::int[])
  as u (id, queue, kind, key, payload, priority, run_at, max_attempts)
on conflict do nothing
returning id;

-- name: cancel
-- tag: router
delete from jobs where tenant_id = $1 and job_key = any($2::text[]) and state <> 'running' returning id;

-- name: forget_dead
-- tag: router
delete from jobs where tenant_id = $1 and job_key = any($2::text[]) and state = 'dead' returning id;

-- name: claim
-- tag: router
with c as (
  select id from jobs
  where tenant_id = $1 and queue = $2 and state = 'ready' and run_at <= $3 and kind = any($7::text[])
  order by priority, run_at limit $4 for update skip locked)
update jobs j set state = 'running', lease_owner = $5, lease_until = $6, attempts = attempts + 1, fence = fence + 1, updated_at = $3
from c where j.tenant_id = $1 and j.id = c.id
returning j.id, j.queue, j.kind, j.job_key, j.payload, j.priority, j.attempts, j.max_attempts, j.fence;

-- name: finish
-- tag: router
-- Done jobs go; a worker that was fenced off removes nothing.
delete from jobs j using unnest($2::uuid[], $3::bigint[]) as u (id, fence)
where j.tenant_id = $1 and j.id = u.id and j.fence = u.fence and j.state = 'running'
returning j.id;

-- name: settle
-- tag: router
-- Back to ready, or dead, with what was said.
update jobs j set state = u.state, run_at = u.run_at, attempts = u.attempts, last_error = u.error, payload = coalesce(u.payload, j.payload),
  lease_owner = null, lease_until = null, updated_at = $2
from unnest($3::uuid[], $4::bigint[], $5::text[], $6::timestamptz[], $7::int[], $8::text[], $9::jsonb[]) as u (id, fence, state, run_at, attempts, error, payload)
where j.tenant_id = $1 and j.id = u.id and j.fence = u.fence and j.state = 'running';

-- name: renew
-- tag: router
update jobs set lease_until = $3 where tenant_id = $1 and id = any($2::uuid[]) and lease_owner = $4 and state = 'running';
