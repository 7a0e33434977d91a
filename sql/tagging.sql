-- Tags on many contacts.

-- name: insert
-- tag: router
insert into contact_taggings (tenant_id, id, status, settings, total, changed, unchanged, skipped, skip_reasons, actor, created_at, updated_at)
values ($1, $2, 'running', $3, $4, 0, 0, 0, '{}', $5, $6, $6);

-- name: find
-- tag: router
select id, status, settings, reached, total, changed, unchanged, skipped, skip_reasons, created_at, updated_at, completed_at, actor
from contact_taggings where tenant_id = $1 and id = $2;

-- name: cancel
-- tag: router
update contact_taggings set status = 'canceled', updated_at = $3, completed_at = $3 where tenant_id = $1 and id = $2 and status = 'running';

-- name: advance
-- tag: router
-- Only from where it was read: a chunk that another worker has done meanwhile is not counted twice.
update contact_taggings set reached = $3, changed = changed + $4, unchanged = unchanged + $5, skipped = skipped + $6, skip_reasons = $7, status = $8,
  updated_at = $9, completed_at = $10
where tenant_id = $1 and id = $2 and status = 'running' and cast(reached as text) is not distinct from cast($11 as text);
