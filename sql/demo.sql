-- The demo's readers.

-- name: fresh_mail
-- tag: router
-- What the inbox has caught since the given row.
select i.id, i.message_id, m.template_version_id, i.received_at
from demo_inbox i left join messages m on m.tenant_id = $1 and m.id = i.message_id
where i.tenant_id = $1 and i.id > $2 order by i.id limit 500;
