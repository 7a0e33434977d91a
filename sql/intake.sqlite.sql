-- Whom events are about.

-- name: people
-- tag: router
select id, email_key from contacts
where tenant_id = $1 and (id in (select value from json_each($2)) or email_key in (select value from json_each($3)));
