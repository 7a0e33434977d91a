-- What only PostgreSQL has: partitions by month, GIN indexes. `seq` orders within a writer's transaction `tx`;
-- (tx, seq) below the snapshot's xmin never gains rows, which makes it a safe cursor (docs/decisions).

create table marketing_events (
  tenant_id uuid not null,
  event_id uuid not null,
  seq bigint generated always as identity,
  tx bigint not null default (pg_current_xact_id()::text::bigint),
  event_type text not null,
  contact_id uuid,
  campaign_id uuid,
  journey_id uuid,
  message_id uuid,
  payload jsonb not null,
  occurred_at timestamptz not null,
  created_at timestamptz not null,
  primary key (tenant_id, event_id, created_at)
) partition by range (created_at);
create index marketing_events_contact on marketing_events (tenant_id, contact_id, created_at desc);
create index marketing_events_campaign on marketing_events (tenant_id, campaign_id, event_type, created_at) where campaign_id is not null;
create index marketing_events_created on marketing_events (tenant_id, created_at, event_id);
create index marketing_events_type on marketing_events (tenant_id, event_type, created_at desc);
create index marketing_events_order on marketing_events (tx, seq);

create table message_events (
  tenant_id uuid not null,
  id uuid not null,
  message_id uuid,
  contact_id uuid,
  campaign_id uuid,
  channel text not null,
  provider text not null,
  provider_event_id text,
  event_type text not null,
  actor_class text not null check (actor_class in ('human', 'machine', 'unknown', 'none')),
  class_reasons jsonb not null,
  url text,
  link_index integer,
  ip_address text,
  user_agent text,
  detail jsonb not null,
  occurred_at timestamptz not null,
  created_at timestamptz not null,
  primary key (tenant_id, id, created_at)
) partition by range (created_at);
create index message_events_message on message_events (tenant_id, message_id, created_at);
create index message_events_contact on message_events (tenant_id, contact_id, created_at desc);
create index message_events_campaign on message_events (tenant_id, campaign_id, event_type, created_at);

-- The words of names and address, for the search box. Whoever writes a contact keeps it, since the database does; text search is in every
-- PostgreSQL, while pg_trgm is not. Punctuation parts words, so that each piece of an address is one (src/contacts/search_words.h).
alter table contacts add column search tsvector generated always as (
  to_tsvector('simple', translate(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, ''),
                                  '@._+-'',;:()[]/&!#$%*=?^`{|}~<>', repeat(' ', 31)))) stored;
create index contacts_search on contacts using gin (search);
create index contacts_attributes on contacts using gin (attributes jsonb_path_ops);
create index contacts_tags on contacts using gin (tags jsonb_path_ops);

create view delivery_logs with (security_invoker = true) as
  select tenant_id, id, message_id, contact_id, campaign_id, channel, provider, event_type as status, provider_event_id, created_at,
         detail as metadata
  from message_events;

-- The ledger's hot rows are updated in place where they can be.
alter table messages set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
alter table jobs set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
alter table tenant_work set (fillfactor = 50);
alter table send_lanes set (fillfactor = 50);
alter view message_queue set (security_invoker = true);

-- Who belongs to a run of a campaign: fixed at its start, a row for each chunk of the expansion, forgotten afterwards.
create table campaign_audience (
  tenant_id uuid not null,
  campaign_id uuid not null,
  run_number integer not null,
  first_ordinal bigint not null,
  contacts integer not null,
  contact_ids uuid[] not null,
  constraint campaign_audience_pkey primary key (tenant_id, campaign_id, run_number, first_ordinal)
);
alter table campaign_audience alter column contact_ids set storage external;

-- How stored texts are read where they are compared; base/reading.h says the same for the program and for SQLite. Each is one
-- immutable expression, so that the planner sees through it.
create function fold(value text) returns text language sql immutable parallel safe
  as $$ select lower(translate(value, 'İΣ', 'iσ') collate "und-x-icu") $$;

create function number_in(value text) returns numeric language sql immutable parallel safe
  as $$ select case when length(value) <= 16 and value ~ '^-?[0-9]+([.][0-9]+)?$' then cast(value as numeric) end $$;

create function number_in(value jsonb) returns numeric language sql immutable parallel safe
  as $$ select case jsonb_typeof(value)
    when 'number' then cast(value as numeric)
    when 'string' then case when length(value #>> '{}') <= 16 and (value #>> '{}') ~ '^-?[0-9]+([.][0-9]+)?$' then cast(value #>> '{}' as numeric) end
  end $$;

create function instant_in(value text) returns timestamptz language sql immutable parallel safe
  as $$ select
    case when length(value) between 10 and 35 and value ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):?[0-5][0-9]))?$' then
      case when cast(substr(value, 9, 2) as integer) <= extract(day from make_timestamp(cast(substr(value, 1, 4) as integer), cast(substr(value, 6, 2) as integer), 1, 0, 0, 0) + interval '1 month - 1 day') then
        (make_timestamp(cast(substr(value, 1, 4) as integer), cast(substr(value, 6, 2) as integer), cast(substr(value, 9, 2) as integer),
                        cast(coalesce(substring(value from '^.{11}(..)'), '0') as integer), cast(coalesce(substring(value from '^.{14}(..)'), '0') as integer),
                        cast(coalesce(substring(value from '^.{17}([0-9]{2}([.][0-9]{1,6})?)'), '0') as double precision))
         - make_interval(mins => cast(coalesce(substring(value from '([+-])[0-9]{2}:?[0-9]{2}$'), '+') || '1' as integer)
             * (cast(coalesce(substring(value from '[+-]([0-9]{2}):?[0-9]{2}$'), '0') as integer) * 60 + cast(coalesce(substring(value from '[+-][0-9]{2}:?([0-9]{2})$'), '0') as integer))))
        at time zone 'UTC'
      end
    end $$;
