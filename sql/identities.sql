-- Providers and senders.

-- name: insert_provider
-- tag: router
insert into providers (tenant_id, id, name, kind, settings, sealed_secrets, breaker, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, '{}', $7, $7);

-- name: update_provider
-- tag: router
-- Only from the state that was read; other settings have not been tried yet, so what was found with the former ones is forgotten.
update providers set name = $3, settings = $4, sealed_secrets = $5, breaker = '{}', check_status = null, check_detail = null, checked_at = null, updated_at = $6
where tenant_id = $1 and id = $2 and updated_at = $7 and deleted_at is null;

-- name: provider
-- tag: router
select id, name, kind, settings, check_status, check_detail, checked_at, created_at, updated_at, sealed_secrets, breaker from providers
where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: providers
-- tag: router
select id, name, kind, settings, check_status, check_detail, checked_at, created_at, updated_at, sealed_secrets, breaker from providers
where tenant_id = $1 and deleted_at is null order by id;

-- name: provider_owner
-- tag: fanout
-- A webhook's address names the provider alone.
select tenant_id, kind, settings from providers where id = $1 and deleted_at is null;

-- name: keep_check
-- tag: router
update providers set check_status = $3, check_detail = $4, checked_at = $5 where tenant_id = $1 and id = $2;

-- name: remove_provider
-- tag: router
update providers set deleted_at = $3, updated_at = $3 where tenant_id = $1 and id = $2;

-- name: senders_of_provider
-- tag: router
select count(*) from sender_identities where tenant_id = $1 and provider_id = $2 and deleted_at is null;

-- name: insert_sender
-- tag: router
insert into sender_identities (tenant_id, id, from_email, from_name, reply_to, provider_id, verified, verified_at, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9);

-- name: update_sender
-- tag: router
-- Only from the state that was read.
update sender_identities set from_email = $3, from_name = $4, reply_to = $5, provider_id = $6, verified = $7, verified_at = $8, dkim = $9, sealed_dkim_key = $10,
  updated_at = $11
where tenant_id = $1 and id = $2 and updated_at = $12 and deleted_at is null;

-- name: sender
-- tag: router
select id, from_email, from_name, reply_to, provider_id, verified, created_at, updated_at, verified_at, dkim, sealed_dkim_key from sender_identities
where tenant_id = $1 and id = $2 and deleted_at is null;

-- name: senders
-- tag: router
select id, from_email, from_name, reply_to, provider_id, verified, created_at, updated_at, verified_at, dkim, sealed_dkim_key from sender_identities
where tenant_id = $1 and deleted_at is null order by id;

-- name: remove_sender
-- tag: router
update sender_identities set deleted_at = $3, updated_at = $3 where tenant_id = $1 and id = $2;

-- name: inbox
-- tag: router
select id, to_address, from_address, subject, html, body_text, unsubscribe_url, received_at from demo_inbox
where tenant_id = $1 and id < $2 order by id desc limit $3;

-- name: campaigns_of_sender
-- tag: router
select name from campaigns where tenant_id = $1 and sender_id = $2 and status in ('scheduled', 'active', 'paused') order by name limit 4;
