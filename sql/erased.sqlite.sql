-- name: suppress_again
-- tag: router
insert into suppressions (tenant_id, id, email_address, email_key, reason, source, created_at, updated_at)
select e.tenant_id, u.value ->> 0, u.value ->> 2, u.value ->> 2, e.reason, 'erased', e.suppressed_at, $2
from json_each($3) as u join erased_suppressions e on e.tenant_id = $1 and e.email_hash = u.value ->> 1 where true
on conflict do nothing returning id;

-- name: forget
-- tag: router
delete from erased_suppressions where tenant_id = $1 and email_hash in (select value from json_each($2));
