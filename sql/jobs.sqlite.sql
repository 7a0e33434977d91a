-- Durable jobs on SQLite: one writer, so a claim needs no lock.

-- name: enqueue
-- tag: router
insert into jobs (tenant_id, id, queue, kind, job_key, payload, priority, state, run_at, attempts, max_attempts, fence, created_at, updated_at)
select $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, cast(value ->> 5 as integer), 'ready', value ->> 6, 0,
       cast(value ->> 7 as integer), 0, $2, $2
from json_each($3) where true
on conflict do nothing
returning id;

-- name: cancel
-- tag: router
delete from jobs where tenant_id = $1 and job_key in (select value from json_each($2)) and state <> 'running' returning id;

-- name: forget_dead
-- tag: router
delete from jobs where tenant_id = $1 and job_key in (select value from json_each($2)) and state = 'dead' returning id;

-- name: claim
-- tag: router
update jobs set state = 'running', lease_owner = $5, lease_until = $6, attempts = attempts + 1, fence = fence + 1, updated_at = $3
where tenant_id = $1 and id in (
  select id from jobs
  where tenant_id = $1 and queue = $2 and state = 'ready' and run_at <= $3 and kind in (select value from json_each($7))
  order by priority, run_at limit $4)
returning id, queue, kind, job_key, payload, priority, attempts, max_attempts, fence;

-- name: finish
-- tag: router
-- Done jobs go; a worker that was fenced off removes nothing.
delete from jobs where tenant_id = $1 and state = 'running'
  and exists (select 1 from json_each($2) u where u.value ->> 0 = jobs.id and cast(u.value ->> 1 as integer) = jobs.fence)
returning id;

-- name: settle
-- tag: router
-- Back to ready, or dead, with what was said.
update jobs as j set state = u.value ->> 2, run_at = u.value ->> 3, attempts = cast(u.value ->> 4 as integer), last_error = u.value ->> 5,
  payload = coalesce(u.value ->> 6, j.payload), lease_owner = null, lease_until = null, updated_at = $2
from json_each($3) as u
where j.tenant_id = $1 and j.id = u.value ->> 0 and j.fence = cast(u.value ->> 1 as integer) and j.state = 'running';

-- name: renew
-- tag: router
update jobs set lease_until = $3 where tenant_id = $1 and id in (select value from json_each($2)) and lease_owner = $4 and state = 'running';
