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
-- Latest first; ($5, $6) is the last of the page before.
select id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1
  and (cast($2 as text) is null or status = $2) and (cast($3 as text) is null or channel = $3) and (cast($4 as text) is null or consent_type = $4)
  and (updated_at, id) < ($5, $6)
order by updated_at desc, id desc limit $7;

-- name: list_of_contact
-- tag: router
select id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at
from consent_records where tenant_id = $1 and contact_id = $8
  and (cast($2 as text) is null or status = $2) and (cast($3 as text) is null or channel = $3) and (cast($4 as text) is null or consent_type = $4)
  and (updated_at, id) < ($5, $6)
order by updated_at desc, id desc limit $7;

-- name: history
-- tag: router
select id, contact_id, channel, consent_type, status, source, ip_address, user_agent, text_shown, actor_kind, actor_id, occurred_at
from consent_history where tenant_id = $1 and contact_id = $2 and (occurred_at, id) < ($3, $4) order by occurred_at desc, id desc limit $5;

-- name: whole_history
-- tag: router
select h.id, h.contact_id, h.channel, h.consent_type, h.status, h.source, h.ip_address, h.user_agent, h.text_shown, h.actor_kind, h.actor_id, h.occurred_at,
       c.email
from consent_history h left join contacts c on c.tenant_id = $1 and c.id = h.contact_id
where h.tenant_id = $1 and h.id > $2 order by h.id limit $3;

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
select id, email_address, reason, source, created_at, updated_at from suppressions
where tenant_id = $1 and id < $2 and (cast($3 as text) is null or reason = $3)
  and (cast($4 as text) is null or substr(email_key, 1, length($4)) = $4)
order by id desc limit $5;

-- name: suppression
-- tag: router
select id, email_address, reason, source, created_at, updated_at from suppressions where tenant_id = $1 and id = $2;

-- name: find_suppression
-- tag: router
select id, email_address, reason, source, created_at, updated_at from suppressions where tenant_id = $1 and email_key = $2;

-- name: lift_suppression
-- tag: router
delete from suppressions where tenant_id = $1 and id = $2 returning email_address, reason;

-- name: lift_unsubscribe
-- tag: router
-- Who asks for mail again himself gets it; bounces and complaints stay.
delete from suppressions where tenant_id = $1 and reason = 'unsubscribe'
  and email_key in (select email_key from contacts where tenant_id = $1 and id = $2)
returning id, email_address;

-- name: insert_request
-- tag: router
insert into consent_requests (tenant_id, id, contact_id, channel, consent_type, source, requested_at, expires_at, confirmed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: recent_requests
-- tag: router
select requested_at from consent_requests
where tenant_id = $1 and contact_id = $2 and channel = $3 and consent_type = $4 and requested_at > $5 order by requested_at desc;

-- name: request
-- tag: router
select q.id, q.contact_id, q.channel, q.consent_type, q.source, q.requested_at, q.expires_at, q.confirmed_at, r.status
from consent_requests q
  left join consent_records r on r.tenant_id = $1 and r.contact_id = q.contact_id and r.channel = q.channel and r.consent_type = q.consent_type
where q.tenant_id = $1 and q.id = $2;

-- name: request_confirmed
-- tag: router
update consent_requests set confirmed_at = $3 where tenant_id = $1 and id = $2 and confirmed_at is null;
