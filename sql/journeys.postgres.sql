-- What a definition speaks of, on PostgreSQL: lists are told in its own way.

-- name: templates
-- tag: router
select id, channel, archived_at is not null from email_templates where tenant_id = $1 and id = any($2::uuid[]) and not is_inline;

-- name: senders
-- tag: router
select id, verified from sender_identities where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null;

-- name: segments
-- tag: router
select id, is_dynamic from marketing_segments where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null;

-- name: others
-- tag: router
select id, status from journeys where tenant_id = $1 and id = any($2::uuid[]);
