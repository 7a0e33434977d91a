-- Leads: the companies behind contacts.

-- name: insert
-- tag: router
insert into leads (tenant_id, id, name, domain, attributes, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6);

-- name: find
-- tag: router
select l.id, l.name, l.domain, l.attributes, l.created_at, l.updated_at,
       (select count(*) from contacts c where c.tenant_id = $1 and c.lead_id = l.id)
from leads l where l.tenant_id = $1 and l.id = $2;

-- name: update
-- tag: router
update leads set name = $3, domain = $4, attributes = $5, updated_at = $6 where tenant_id = $1 and id = $2;

-- name: let_contacts_go
-- tag: router
update contacts set lead_id = null, updated_at = $3 where tenant_id = $1 and lead_id = $2;

-- name: remove
-- tag: router
delete from leads where tenant_id = $1 and id = $2;

-- name: list
-- tag: router
-- Newest first.
select l.id, l.name, l.domain, l.attributes, l.created_at, l.updated_at,
       (select count(*) from contacts c where c.tenant_id = $1 and c.lead_id = l.id)
from leads l
where l.tenant_id = $1 and l.id < $2
  and (cast($3 as text) is null or substr(lower(l.name), 1, length($3)) = $3)
  and (cast($4 as text) is null or l.domain = $4)
order by l.id desc limit $5;
