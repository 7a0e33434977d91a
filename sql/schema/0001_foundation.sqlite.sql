-- SQLite's side: one file, one writer, so the order of rows is the order of commits and `tx` is always 0.

create table marketing_events (
  seq integer primary key autoincrement,
  tenant_id uuid not null,
  event_id uuid not null,
  tx bigint not null default 0,
  event_type text not null,
  contact_id uuid,
  campaign_id uuid,
  journey_id uuid,
  message_id uuid,
  payload jsonb not null,
  occurred_at timestamptz not null,
  created_at timestamptz not null
);
create unique index marketing_events_id on marketing_events (tenant_id, event_id);
create index marketing_events_contact on marketing_events (tenant_id, contact_id, created_at desc);
create index marketing_events_campaign on marketing_events (tenant_id, campaign_id, event_type, created_at) where campaign_id is not null;
create index marketing_events_created on marketing_events (tenant_id, created_at, event_id);
create index marketing_events_type on marketing_events (tenant_id, event_type, created_at desc);

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
  primary key (tenant_id, id)
);
create index message_events_message on message_events (tenant_id, message_id, created_at);
create index message_events_contact on message_events (tenant_id, contact_id, created_at desc);
create index message_events_campaign on message_events (tenant_id, campaign_id, event_type, created_at);

-- The words of names and address for the search box: each after a blank.
alter table contacts add column search text generated always as (
  ' ' || replace(replace(replace(replace(replace(replace(lower(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '')),
  '@', ' '), '.', ' '), '_', ' '), '+', ' '), '-', ' '), '''', ' ')) virtual;

create view delivery_logs as
  select tenant_id, id, message_id, contact_id, campaign_id, channel, provider, event_type as status, provider_event_id, created_at,
         detail as metadata
  from message_events;

-- Who belongs to a run of a campaign: fixed at its start, a row for each chunk of the expansion, forgotten afterwards.
create table campaign_audience (
  tenant_id uuid not null,
  campaign_id uuid not null,
  run_number integer not null,
  first_ordinal bigint not null,
  contacts integer not null,
  contact_ids jsonb not null,
  primary key (tenant_id, campaign_id, run_number, first_ordinal)
);
