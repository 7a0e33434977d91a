-- Tenants, users, sessions and API keys: small tables that every node has whole.

-- name: insert_tenant
-- tag: reference
insert into tenants (id, name, slug, created_at, updated_at) values ($1, $2, $3, $4, $4);

-- name: tenant
-- tag: reference
select id, name, slug, time_zone, settings, created_at, updated_at from tenants where id = $1;

-- name: tenants
-- tag: reference
select id, name, slug, time_zone, settings, created_at, updated_at from tenants order by id;

-- name: tenant_by_slug
-- tag: reference
select id, name, slug, time_zone, settings, created_at, updated_at from tenants where slug = $1;

-- name: update_tenant
-- tag: reference
update tenants set name = $2, time_zone = $3, settings = $4, updated_at = $5 where id = $1;

-- name: any_user
-- tag: reference
select 1 from users limit 1;

-- name: insert_user
-- tag: reference
insert into users (id, tenant_id, email, name, role, can_send, password_hash, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8);

-- name: user
-- tag: reference
select id, tenant_id, email, name, role, can_send, disabled_at is not null, created_at, updated_at from users
where tenant_id = $1 and id = $2;

-- name: user_for_login
-- tag: reference
select id, tenant_id, email, name, role, can_send, disabled_at is not null, created_at, updated_at, password_hash from users
where email = $1;

-- name: users_after
-- tag: reference
select id, tenant_id, email, name, role, can_send, disabled_at is not null, created_at, updated_at from users
where tenant_id = $1 and id > $2 order by id limit $3;

-- name: count_owners
-- tag: reference
-- Owners that can log in, other than this one.
select count(*) from users where tenant_id = $1 and role = 'owner' and disabled_at is null and id <> $2;

-- name: update_user
-- tag: reference
update users set name = $3, role = $4, can_send = $5, disabled_at = case when $6 then coalesce(disabled_at, $8) end,
  password_hash = coalesce(cast($7 as text), password_hash), updated_at = $8
where tenant_id = $1 and id = $2;

-- name: end_sessions
-- tag: reference
delete from sessions where user_id = $1;

-- name: insert_session
-- tag: reference
insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at, ip_address, user_agent)
values ($1, $2, $3, $3, $4, $5, $6);

-- name: session
-- tag: reference
select u.id, u.tenant_id, u.email, u.name, u.role, u.can_send, s.last_seen_at from sessions s join users u on u.id = s.user_id
where s.token_hash = $1 and s.expires_at > $2 and s.last_seen_at > $3 and u.disabled_at is null;

-- name: touch_session
-- tag: reference
update sessions set last_seen_at = $2 where token_hash = $1;

-- name: delete_session
-- tag: reference
delete from sessions where token_hash = $1;

-- name: insert_api_key
-- tag: reference
insert into api_keys (id, tenant_id, name, prefix, key_hash, role, can_send, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: api_key_by_prefix
-- tag: reference
select id, tenant_id, name, prefix, role, can_send, created_at, last_used_at, revoked_at, key_hash from api_keys where prefix = $1;

-- name: api_keys_after
-- tag: reference
select id, tenant_id, name, prefix, role, can_send, created_at, last_used_at, revoked_at from api_keys
where tenant_id = $1 and id > $2 order by id limit $3;

-- name: touch_api_key
-- tag: reference
update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $3);

-- name: revoke_api_key
-- tag: reference
update api_keys set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null returning name;

-- name: forget_attempts_of
-- tag: reference
delete from login_attempts where subject = $1;

-- name: forget_attempts
-- tag: reference
delete from login_attempts where first_failed_at < $1;

-- name: set_password
-- tag: reference
update users set password_hash = $3, updated_at = $4 where tenant_id = $1 and id = $2;

-- name: rehash
-- tag: reference
-- The same password, made stronger; not when it was changed meanwhile.
update users set password_hash = $4 where tenant_id = $1 and id = $2 and password_hash = $3;

-- name: lock_tenant
-- tag: reference
-- Holds back every other change of the tenant's team until this one has ended.
update tenants set slug = slug where id = $1;

-- name: sessions_of
-- tag: reference
select token_hash, created_at, last_seen_at, expires_at, ip_address, user_agent from sessions
where user_id = $1 and expires_at > $2 and last_seen_at > $3 order by last_seen_at desc limit 100;

-- name: forget_sessions
-- tag: reference
delete from sessions where expires_at <= $1 or last_seen_at <= $2;
