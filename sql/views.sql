-- Kept views of lists.

-- name: list
-- tag: router
select id, list, name, query, created_at, updated_at from views
where tenant_id = $1 and (cast($2 as text) is null or list = $2) and id > $3
order by id limit $4;

-- name: find
-- tag: router
select id, list, name, query, created_at, updated_at from views where tenant_id = $1 and id = $2;

-- name: add
-- tag: router
insert into views (tenant_id, id, list, name, query, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing;

-- name: change
-- tag: router
-- Unless another one of the list has that name.
update views set name = $3, query = $4, updated_at = $5
where tenant_id = $1 and id = $2
  and not exists (select 1 from views other where other.tenant_id = $1 and other.list = views.list and other.name = $3 and other.id <> $2);

-- name: count
-- tag: router
select count(*) from views where tenant_id = $1 and list = $2;

-- name: remove
-- tag: router
delete from views where tenant_id = $1 and id = $2;
