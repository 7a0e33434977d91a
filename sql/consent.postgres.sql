-- name: suppress
-- tag: router
-- The strongest reason stays: who complained does not become somebody who merely unsubscribed.
insert into suppressions (tenant_id, id, email_address, email_key, reason, source, message_id, created_at, updated_at)
select $1, u.id, u.address, u.key, u.reason, u.source, u.message_id, $2, $2
from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[]) as u (id, address, key, reason, source, message_id)
on conflict (tenant_id, email_key) do update set reason = excluded.reason, source = excluded.source, updated_at = excluded.updated_at
  where (case excluded.reason when 'complaint' then 4 when 'bounce' then 3 when 'manual' then 2 else 1 end)
      > (case suppressions.reason when 'complaint' then 4 when 'bounce' then 3 when 'manual' then 2 else 1 end)
returning id, email_key;

-- name: cancel_queued
-- tag: router
update messages m set status = 'canceled', skip_reason = 'suppressed', updated_at = $2
from contacts c
where m.tenant_id = $1 and c.tenant_id = $1 and c.id = m.contact_id and c.email_key = any($3::text[]) and m.status = 'queued' and m.channel = 'email'
  and (m.purpose = 'marketing' or c.email_key = any($4::text[]));

-- name: contacts_with_consent
-- tag: router
select c.id, c.email_key from contacts c left join consent_records r on r.tenant_id = $1 and r.contact_id = c.id and r.channel = 'email' and r.consent_type = 'marketing'
where c.tenant_id = $1 and c.email_key = any($2::text[]) and (r.status is null or r.status <> 'denied');

-- name: deny_all
-- tag: router
insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, revoked_at, created_at, updated_at)
select $1, u.id, u.contact_id, 'email', 'marketing', 'denied', u.source, $2, $2, $2
from unnest($3::uuid[], $4::uuid[], $5::text[]) as u (id, contact_id, source)
on conflict (tenant_id, contact_id, channel, consent_type) do update set status = 'denied', source = excluded.source, revoked_at = excluded.revoked_at,
  updated_at = excluded.updated_at;

-- name: remember_all
-- tag: router
insert into consent_history (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, user_agent, actor_kind, occurred_at)
select $1, u.id, u.contact_id, 'email', 'marketing', 'denied', u.source, $3, $4, $5, $2
from unnest($6::uuid[], $7::uuid[], $8::text[]) as u (id, contact_id, source)
on conflict do nothing;

-- name: suppressed_of
-- tag: router
select email_key, reason from suppressions where tenant_id = $1 and email_key = any($2::text[]);

-- name: find_for_change
-- tag: router
select id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1 and contact_id = $2 and channel = $3 and consent_type = $4 for update;

-- name: lock_contact
-- tag: router
-- One request for confirmation at a time.
select email from contacts where tenant_id = $1 and id = $2 for update;
