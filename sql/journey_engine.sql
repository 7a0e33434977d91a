-- What the engine of journeys reads and writes; sql/journeys.sql holds their life and what people look at.

-- name: busy
-- tag: fanout
-- Journeys in which somebody is due. Those that rest only carry out what people ordered.
select tenant_id, id, status = 'active' from journeys j
where (j.status = 'active' and exists (select 1 from journey_executions e where e.tenant_id = j.tenant_id and e.journey_id = j.id and e.due_at <= $1))
   or (j.status in ('paused', 'archived') and exists (select 1 from journey_executions e where e.tenant_id = j.tenant_id and e.journey_id = j.id and e.orders is not null));

-- name: active
-- tag: router
select id, name, version from journeys where tenant_id = $1 and status = 'active' order by id;

-- name: version
-- tag: router
select v.definition, j.name from journey_versions v join journeys j on j.tenant_id = $1 and j.id = v.journey_id
where v.tenant_id = $1 and v.journey_id = $2 and v.version = $3;

-- name: time_zone
-- tag: reference
select time_zone from tenants where id = $1;

-- name: answer_of_webhook
-- tag: router
-- What the job brought back, for the engine's next look. Nothing when nobody waits for it any more.
update journey_executions set orders = $4, due_at = $5
where tenant_id = $1 and id = $2 and visit = $3 and calling and orders is null and status = 'waiting';
