-- Sizes of a workspace.

-- name: contacts
-- tag: router
select count(*) from contacts where tenant_id = $1;
