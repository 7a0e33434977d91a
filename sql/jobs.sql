-- Durable jobs; what both databases say alike.

-- name: mark_work
-- tag: router
-- The tenant has work in this queue at $3 at the latest. The version tells workers that something came meanwhile.
insert into tenant_work (tenant_id, queue, next_run_at, version) values ($1, $2, $3, 1)
on conflict (tenant_id, queue) do update
  set next_run_at = case when excluded.next_run_at < tenant_work.next_run_at then excluded.next_run_at else tenant_work.next_run_at end,
      version = tenant_work.version + 1;

-- name: tenants_with_work
-- tag: fanout
select tenant_id, version from tenant_work where queue = $1 and next_run_at <= $2 order by next_run_at limit $3;

-- name: next_ready
-- tag: router
select min(run_at) from jobs where tenant_id = $1 and queue = $2 and state = 'ready';

-- name: postpone_work
-- tag: router
-- Nothing due before $3, unless somebody added a job since we looked.
update tenant_work set next_run_at = $3 where tenant_id = $1 and queue = $2 and version = $4;

-- name: list
-- tag: router
-- Newest first; filters that are null do not filter.
select id, queue, kind, job_key, payload, priority, state, run_at, attempts, max_attempts, last_error, created_at, updated_at from jobs
where tenant_id = $1 and (cast($2 as text) is null or queue = $2) and (cast($3 as text) is null or state = $3) and id < $4
order by id desc limit $5;

-- name: find
-- tag: router
select id, queue, kind, job_key, payload, priority, state, run_at, attempts, max_attempts, last_error, created_at, updated_at from jobs
where tenant_id = $1 and id = $2;

-- name: retry
-- tag: router
update jobs set state = 'ready', attempts = 0, crashes = 0, run_at = $3, updated_at = $3 where tenant_id = $1 and id = $2 and state = 'dead';

-- name: discard
-- tag: router
delete from jobs where tenant_id = $1 and id = $2 and state <> 'running';

-- name: counts
-- tag: router
select queue, state, count(*), min(run_at) from jobs where tenant_id = $1 group by queue, state order by queue, state;

-- name: expired
-- tag: fanout
-- Whose workers went silent: renewing a lease is what keeps a job out of here.
select tenant_id, id, crashes, queue from jobs where state = 'running' and lease_until < $1 limit $2;

-- name: rescue
-- tag: router
update jobs set state = case when crashes + 1 >= 3 then 'dead' else 'ready' end, crashes = crashes + 1, lease_owner = null, lease_until = null,
  last_error = case when crashes + 1 >= 3 then 'quarantined: it took its process down three times' else 'its worker went silent' end,
  run_at = $3, updated_at = $3
where tenant_id = $1 and id = $2 and state = 'running' and lease_until < $3;
