-- Pictures that mails show. The body is base64: both databases keep text alike.

-- name: insert
-- tag: router
insert into images (tenant_id, id, name, content_type, width, height, size, digest, body, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing;

-- name: by_digest
-- tag: router
select id, name, content_type, width, height, size, created_at from images where tenant_id = $1 and digest = $2;

-- name: count
-- tag: router
select count(*) from images where tenant_id = $1;

-- name: list
-- tag: router
select id, name, content_type, width, height, size, created_at from images where tenant_id = $1 and id < $2 order by id desc limit $3;

-- name: remove
-- tag: router
delete from images where tenant_id = $1 and id = $2 returning id, name, content_type, width, height, size, created_at;

-- name: body
-- tag: router
select content_type, body from images where tenant_id = $1 and id = $2;
