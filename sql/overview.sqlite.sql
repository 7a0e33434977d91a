-- Sending by day (UTC), for the console's first page.

-- name: days
-- tag: router
select substr(coalesce(sent_at, created_at), 1, 10) as day, count(sent_at), count(opened_at), count(clicked_at), count(bounced_at),
       count(complained_at), count(unsubscribed_at), count(*) filter (where status = 'failed'), count(*) filter (where status = 'uncertain')
from messages where tenant_id = $1 and created_at >= $2 group by 1;
