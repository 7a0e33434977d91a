-- Consent and suppressions.

-- name: find
-- tag: router
select id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1 and contact_id = $2 and channel = $3 and consent_type = $4;

-- name: of_contact
-- tag: router
select id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1 and contact_id = $2 order by channel, consent_type;

-- name: list
-- tag: router
select id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1 and (cast($2 as text) is null or status = $2) order by updated_at desc limit $3;

-- name: keep
-- tag: router
insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at,
                             expires_at, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
on conflict (tenant_id, contact_id, channel, consent_type) do update set status = excluded.status, source = excluded.source,
  ip_address = excluded.ip_address, text_shown = excluded.text_shown, granted_at = coalesce(excluded.granted_at, consent_records.granted_at),
  revoked_at = excluded.revoked_at, expires_at = excluded.expires_at, updated_at = excluded.updated_at;

-- name: remember
-- tag: router
insert into consent_history (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, user_agent, text_shown, actor_kind, actor_id,
                             occurred_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: contact_exists
-- tag: router
select 1 from contacts where tenant_id = $1 and id = $2;

-- name: list_suppressions
-- tag: router
select id, email_address, reason, source, created_at, updated_at from suppressions where tenant_id = $1 and id < $2 order by id desc limit $3;

-- name: find_suppression
-- tag: router
select id, email_address, reason, source, created_at, updated_at from suppressions where tenant_id = $1 and email_key = $2;

-- name: lift_suppression
-- tag: router
delete from suppressions where tenant_id = $1 and id = $2 returning email_address, reason;
