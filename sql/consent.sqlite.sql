-- name: suppress
-- tag: router
-- The strongest reason stays: who complained does not become somebody who merely unsubscribed.
insert into suppressions (tenant_id, id, email_address, email_key, reason, source, message_id, created_at, updated_at)
select $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, $2, $2
from json_each($3) where true
on conflict (tenant_id, email_key) do update set reason = excluded.reason, source = excluded.source, updated_at = excluded.updated_at
  where (case excluded.reason when 'complaint' then 4 when 'bounce' then 3 when 'manual' then 2 else 1 end)
      > (case suppressions.reason when 'complaint' then 4 when 'bounce' then 3 when 'manual' then 2 else 1 end)
returning id, email_key;

-- name: cancel_queued
-- tag: router
update messages set status = 'canceled', skip_reason = 'suppressed', updated_at = $2
where tenant_id = $1 and status = 'queued' and channel = 'email'
  and contact_id in (select id from contacts where tenant_id = $1 and email_key in (select value from json_each($3)))
  and (purpose = 'marketing' or contact_id in (select id from contacts where tenant_id = $1 and email_key in (select value from json_each($4))));

-- name: contacts_with_consent
-- tag: router
select c.id, c.email_key from contacts c left join consent_records r on r.tenant_id = $1 and r.contact_id = c.id and r.channel = 'email' and r.consent_type = 'marketing'
where c.tenant_id = $1 and c.email_key in (select value from json_each($2)) and (r.status is null or r.status <> 'denied');

-- name: deny_all
-- tag: router
insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, revoked_at, created_at, updated_at)
select $1, value ->> 0, value ->> 1, 'email', 'marketing', 'denied', value ->> 2, $2, $2, $2 from json_each($3) where true
on conflict (tenant_id, contact_id, channel, consent_type) do update set status = 'denied', source = excluded.source, revoked_at = excluded.revoked_at,
  updated_at = excluded.updated_at;

-- name: remember_all
-- tag: router
insert into consent_history (tenant_id, id, contact_id, channel, consent_type, status, source, ip_address, user_agent, actor_kind, occurred_at)
select $1, value ->> 0, value ->> 1, 'email', 'marketing', 'denied', value ->> 2, $3, $4, $5, $2 from json_each($6);

-- name: suppressed_of
-- tag: router
select email_key, reason from suppressions where tenant_id = $1 and email_key in (select value from json_each($2));

-- name: find_for_change
-- tag: router
select id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1 and contact_id = $2 and channel = $3 and consent_type = $4;

-- name: lock_contact
-- tag: router
-- One request for confirmation at a time.
select email from contacts where tenant_id = $1 and id = $2;
