-- What at_size.mjs fills a workspace with, set by set. :names are put in by it.

-- part: people
create function at_size_id(at timestamptz, n bigint) returns uuid language sql immutable parallel safe as $$
  select cast(lpad(to_hex(cast(extract(epoch from at) * 1000 as bigint)), 12, '0') || '7' || substr(md5(cast(n as text)), 1, 3) || '8' || substr(md5(cast(n as text)), 4, 15) as uuid) $$;
create table at_size_people as
  select n, at_size_id(at, n) as id, at from (select n, cast(:now as timestamptz) - interval '700 days' + n * (interval '60 seconds' * (1000000.0 / :contacts)) as at from generate_series(0, :contacts - 1) n) people;
alter table at_size_people add primary key (n);

insert into contacts (tenant_id, id, email, email_key, phone, first_name, last_name, time_zone, locale, external_id, attributes, tags, tracking, created_at, updated_at)
select :tenant, id, address, address, case when n % 5 = 0 then '+3906' || lpad(cast(n as text), 8, '0') end,
       (array['Ada', 'Bruno', 'Chiara', 'Dmitri', 'Elif', 'Farid', 'Greta', 'Hana', 'Ivan', 'Jun', 'Katya'])[1 + n % 11], 'Person ' || n % 9973,
       (array['Europe/Rome', 'America/New_York', 'Asia/Tokyo'])[1 + n % 3], 'en', 'crm-' || n,
       jsonb_build_object('plan', (array['free', 'pro', 'team'])[1 + n % 3], 'seats', n % 500, 'industry', (array['SaaS', 'Retail', 'Finance', 'Health'])[1 + n % 4]),
       case when n % 100 = 0 then jsonb_build_array('vip', 'customer') when n % 3 = 0 then jsonb_build_array('customer') else jsonb_build_array('lead') end, true, at, at
from (select n, id, at, 'person' || n || '@domain' || n % 200 || '.example' as address from at_size_people) p;

insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, granted_at, created_at, updated_at)
select :tenant, at_size_id(at, n + 10000000), id, 'email', 'marketing', case when n % 20 = 0 then 'denied' else 'granted' end, 'sign-up form', at, at, at from at_size_people;

insert into suppressions (tenant_id, id, email_address, email_key, reason, source, created_at, updated_at)
select :tenant, at_size_id(at, n + 20000000), 'person' || n || '@domain' || n % 200 || '.example', 'person' || n || '@domain' || n % 200 || '.example',
       (array['bounce', 'unsubscribe', 'complaint', 'manual'])[1 + n / 25 % 4], 'provider', at, at from at_size_people where n % 25 = 0;

-- part: sending
do $$
declare month date;
begin
  for month in select cast(generate_series(date_trunc('month', cast(:now as timestamptz) - interval '70 days'), cast(:now as timestamptz), interval '1 month') as date) loop
    execute format('create table if not exists message_events_%s partition of message_events for values from (%L) to (%L)', to_char(month, 'YYYY_MM'), to_char(month, 'YYYY-MM-DD"T00:00:00Z"'), to_char(month + interval '1 month', 'YYYY-MM-DD"T00:00:00Z"'));
    execute format('create table if not exists marketing_events_%s partition of marketing_events for values from (%L) to (%L)', to_char(month, 'YYYY_MM'), to_char(month, 'YYYY-MM-DD"T00:00:00Z"'), to_char(month + interval '1 month', 'YYYY-MM-DD"T00:00:00Z"'));
  end loop;
end $$;

-- The newest goes to a quarter of all messages, the others to as many each.
create table at_size_campaigns as
  select c, at, at_size_id(at, 30000000 + c) as id, lpad(to_hex(cast(extract(epoch from at) * 1000 as bigint)), 12, '0') || '7' || lpad(to_hex(c), 3, '0') || '80000000' as base,
         case when c = :campaigns then :messages / 4 else (:messages - :messages / 4) / (:campaigns - 1) end as audience
  from (select c, cast(:now as timestamptz) - interval '6 hours' - (:campaigns - c) * interval '60 days' / :campaigns as at from generate_series(1, :campaigns) c) s;

insert into campaigns (tenant_id, id, name, type, status, segment_ids, exclude_segment_ids, template_id, template_version_id, sender_id, schedule, throttle_per_minute, priority,
                       tracking, metadata, audience, run_number, created_at, updated_at, launched_at, completed_at)
select d.tenant_id, s.id, 'Letter no. ' || s.c, 'broadcast', 'completed', d.segment_ids, d.exclude_segment_ids, d.template_id, t.current_version_id, d.sender_id, d.schedule, null, 5,
       true, d.metadata, s.audience, 1, s.at, s.at, s.at, s.at + interval '1 hour'
from at_size_campaigns s, campaigns d join email_templates t on t.tenant_id = d.tenant_id and t.id = d.template_id where d.tenant_id = :tenant and d.id = :draft;

insert into campaign_runs (tenant_id, campaign_id, run_number, lane_id, id_base, status, template_version_id, sender_id, audience, expanded_to, scheduled_for, not_before, missed, settled,
                           counts, counted_at, next_count_at, started_at, completed_at, updated_at)
select k.tenant_id, k.id, 1, k.id, k.id, 'completed', k.template_version_id, k.sender_id, k.audience, k.audience, k.launched_at, k.launched_at, 0, true, '{}', k.completed_at, k.completed_at,
       k.launched_at, k.completed_at, k.completed_at from campaigns k join at_size_campaigns s on s.id = k.id where k.tenant_id = :tenant;

insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status, skip_reason, priority, attempt_count,
                      fence, due_at, scheduled_at, sent_at, provider_message_id, error, delivered_at, opened_at, clicked_at, machine_opened_at, bounced_at, bounce_class, complained_at,
                      unsubscribed_at, created_at, updated_at)
select :tenant, cast(base || lpad(to_hex(n), 8, '0') as uuid), 'outbound', 'email', 'marketing', campaign, '1', campaign, contact, campaign, version, sender, status,
       case status when 'skipped' then 'consent_missing' end, 5, 1, 1, at, at, case when out then sent end, case when out then 'p-' || c || '-' || n end,
       case status when 'failed' then '451 4.3.0 try again later' end, case when out and not bounced then sent + interval '5 s' end,
       case when out and not bounced and n % 3 <> 0 and n % 2 = 0 then sent + interval '2 h' end, case when out and not bounced and n % 12 = 4 then sent + interval '3 h' end,
       case when out and not bounced and n % 3 = 0 then sent + interval '9 s' end, case when bounced then sent + interval '5 s' end, case when bounced then 'hard' end,
       case when out and not bounced and n % 1000 = 7 then sent + interval '4 h' end, case when out and not bounced and n % 200 = 11 then sent + interval '4 h' end, at, sent
from (select s.*, k.id as campaign, k.template_version_id as version, k.sender_id as sender, p.id as contact, g.n, s.at + g.n * interval '7 milliseconds' as sent, f.status,
             f.status = 'sent' as out, f.status = 'sent' and g.n % 50 = 0 as bounced
      from at_size_campaigns s join campaigns k on k.tenant_id = :tenant and k.id = s.id
        cross join lateral generate_series(1, s.audience) as g (n)
        cross join lateral (select case when g.n % 50 = 1 then 'skipped' when g.n % 200 = 3 then 'failed' when g.n % 2000 = 5 then 'uncertain' else 'sent' end as status) f
        join at_size_people p on p.n = (s.c * 7919 + g.n) % :contacts) m;

insert into message_events (tenant_id, id, message_id, contact_id, campaign_id, channel, provider, event_type, actor_class, class_reasons, url, link_index, ip_address, user_agent, detail, occurred_at, created_at)
select :tenant, at_size_id(at, n * 4 + k), id, contact_id, campaign_id, 'email', 'smtp', what, actor, '[]', case what when 'clicked' then 'https://example.com/page-' || n % 12 end,
       case what when 'clicked' then n % 12 end, '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64)', '{}', at, at
from (select m.id, m.contact_id, m.campaign_id, m.n, e.k, e.what, case when e.what not in ('opened', 'clicked') then 'none' when m.n % 3 = 0 then 'machine' else 'human' end as actor, m.sent_at + e.later as at
      from (select *, row_number() over () as n from messages where tenant_id = :tenant and sent_at is not null) m
        cross join lateral (values (1, case when m.bounced_at is not null then 'bounced' else 'delivered' end, interval '5 s'),
                                   (2, case when m.n % 1000 = 7 then 'complained' when m.n % 200 = 11 then 'unsubscribed' else 'opened' end, interval '1 h'),
                                   (3, case when m.n % 4 = 0 then 'clicked' else 'opened' end, interval '2 h')) as e (k, what, later)
      where e.k < 3 or m.n % 20 < 12) f;

insert into marketing_events (tenant_id, event_id, tx, event_type, contact_id, campaign_id, message_id, payload, occurred_at, created_at)
select :tenant, at_size_id(created_at, 50000000 + row_number() over ()), 1, 'email_' || event_type, contact_id, campaign_id, message_id, '{}', occurred_at, created_at
from message_events where tenant_id = :tenant and actor_class <> 'machine';

insert into audit_logs (tenant_id, id, entity_type, entity_id, action, actor_kind, actor_id, changes, created_at)
select :tenant, at_size_id(at, 90000000 + n), case n % 4 when 0 then 'campaign' else 'contact' end, id, 'update', 'user', id, '{"first_name":{"from":"A","to":"B"}}', at from at_size_people where n % 5 = 0;

insert into jobs (tenant_id, id, queue, kind, job_key, payload, priority, state, run_at, attempts, max_attempts, fence, last_error, created_at, updated_at)
select :tenant, at_size_id(at, 95000000 + n), 'webhooks', 'webhook_call', 'at-size-' || n, '{}', 5, case when n % 10000 = 0 then 'dead' else 'ready' end, cast(:now as timestamptz) + interval '1 year', 0, 5, 0,
       case when n % 10000 = 0 then 'it did not work' end, at, at from at_size_people where n % 10 = 0;
