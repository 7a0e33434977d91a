-- name: catch_mail
-- tag: router
insert into demo_inbox (tenant_id, id, message_id, to_address, from_address, subject, html, body_text, unsubscribe_url, received_at)
select $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, $2 from json_each($3);
