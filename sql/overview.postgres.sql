-- Sending by day (UTC), for the console's first page.

-- name: days
-- tag: router
select to_char(day, 'YYYY-MM-DD'), sent, opened, clicked, bounced, complained, unsubscribed, failed, uncertain from (
  select date_trunc('day', coalesce(sent_at, created_at), 'UTC') at time zone 'UTC' as day, count(sent_at) as sent, count(opened_at) as opened, count(clicked_at) as clicked,
         count(bounced_at) as bounced, count(complained_at) as complained, count(unsubscribed_at) as unsubscribed, count(*) filter (where status = 'failed') as failed,
         count(*) filter (where status = 'uncertain') as uncertain
  from messages where tenant_id = $1 and created_at >= $2 group by 1) d;
