-- name: catch_mail
-- tag: router
insert into demo_inbox (tenant_id, id, message_id, to_address, from_address, subject, html, body_text, unsubscribe_url, received_at)
select $1, u.id, u.message_id, u.recipient, u.sender, u.subject, u.html, u.body, u.unsubscribe, $2
from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
  as u (id, message_id, recipient, sender, subject, html, body, unsubscribe)
on conflict do nothing;
