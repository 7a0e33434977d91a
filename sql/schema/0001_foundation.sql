-- The ground: tenants and who acts, contacts and what they allowed, what is sent and what became of it.
-- One text for both databases. Rules: every tenant table starts with tenant_id, also in its keys (docs/data-model.md);
-- ids and instants come from the program; JSON columns hold objects or arrays.

create table tenants (
  id uuid not null primary key,
  name text not null,
  slug text not null,
  time_zone text not null default 'UTC',
  settings jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index tenants_slug on tenants (slug);

create table users (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  email text not null,
  name text not null default '',
  role text not null check (role in ('viewer', 'marketer', 'admin', 'owner')),
  can_send boolean not null,
  password_hash text not null,
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index users_email on users (email);
create index users_tenant on users (tenant_id);

create table sessions (
  token_hash text not null primary key,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text
);
create index sessions_user on sessions (user_id);

create table api_keys (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  name text not null,
  prefix text not null,
  key_hash text not null,
  role text not null check (role in ('viewer', 'marketer', 'admin', 'owner')),
  can_send boolean not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create unique index api_keys_prefix on api_keys (prefix);
create index api_keys_tenant on api_keys (tenant_id);

create table login_attempts (
  subject text not null primary key,
  failures integer not null,
  most integer not null,
  first_failed_at timestamptz not null,
  blocked_until timestamptz
);

-- One running server each. A heart that stopped beating makes its leases free.
create table instances (
  id uuid not null primary key,
  host text not null,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  stopped_at timestamptz
);

create table leases (
  tenant_id uuid not null,
  name text not null,
  owner uuid not null,
  until timestamptz not null,
  primary key (tenant_id, name)
);

create table idempotency_keys (
  tenant_id uuid not null,
  actor_id uuid not null,
  idempotency_key text not null,
  request_hash text not null,
  request_id text not null,
  status integer,
  content_type text,
  body text,
  location text,
  created_at timestamptz not null,
  primary key (tenant_id, actor_id, idempotency_key)
);

create table audit_logs (
  tenant_id uuid not null,
  id uuid not null,
  entity_type text not null,
  entity_id uuid not null,
  action text not null,
  actor_kind text not null,
  actor_id uuid,
  request_id text,
  ip_address text,
  changes jsonb not null,
  created_at timestamptz not null,
  primary key (tenant_id, id)
);
create index audit_logs_entity on audit_logs (tenant_id, entity_type, entity_id, created_at desc);
create index audit_logs_actor on audit_logs (tenant_id, actor_id, created_at desc);

create table jobs (
  tenant_id uuid not null,
  id uuid not null,
  queue text not null,
  kind text not null,
  job_key text not null,
  payload jsonb not null,
  priority integer not null check (priority between 1 and 10),
  state text not null check (state in ('ready', 'running', 'dead')),
  run_at timestamptz not null,
  attempts integer not null,
  max_attempts integer not null,
  crashes integer not null default 0,
  fence bigint not null,
  lease_owner uuid,
  lease_until timestamptz,
  last_error text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint jobs_pkey primary key (tenant_id, id),
  constraint jobs_key unique (tenant_id, job_key)
);
create index jobs_ready on jobs (tenant_id, queue, priority, run_at) where state = 'ready';
create index jobs_running on jobs (lease_until) where state = 'running';
create index jobs_dead on jobs (tenant_id, updated_at desc) where state = 'dead';

-- One small row for each tenant and queue with work: what workers look at first.
create table tenant_work (
  tenant_id uuid not null,
  queue text not null,
  next_run_at timestamptz not null,
  version bigint not null,
  primary key (tenant_id, queue)
);
create index tenant_work_due on tenant_work (queue, next_run_at);

create table consumers (
  tenant_id uuid not null,
  name text not null,
  position_tx bigint not null,
  position_seq bigint not null,
  position_at timestamptz,
  failures integer not null,
  last_error text,
  updated_at timestamptz not null,
  primary key (tenant_id, name)
);

create table leads (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  domain text,
  attributes jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, id)
);

create table contacts (
  tenant_id uuid not null,
  id uuid not null,
  email text,
  email_key text,
  phone text,
  first_name text,
  last_name text,
  time_zone text,
  locale text,
  external_id text,
  lead_id uuid,
  attributes jsonb not null,
  tags jsonb not null,
  tracking boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint contacts_pkey primary key (tenant_id, id),
  constraint contacts_lead foreign key (tenant_id, lead_id) references leads (tenant_id, id)
);
create unique index contacts_email on contacts (tenant_id, email_key) where email_key is not null;
create unique index contacts_external on contacts (tenant_id, external_id) where external_id is not null;
create index contacts_phone on contacts (tenant_id, phone) where phone is not null;
create index contacts_created on contacts (tenant_id, created_at, id);
create index contacts_lead_of on contacts (tenant_id, lead_id) where lead_id is not null;

-- Tags put on or taken off many contacts, and how far it is.
create table contact_taggings (
  tenant_id uuid not null,
  id uuid not null,
  status text not null check (status in ('running', 'completed', 'canceled')),
  settings jsonb not null,
  reached uuid,
  total bigint not null,
  changed bigint not null,
  unchanged bigint not null,
  skipped bigint not null,
  skip_reasons jsonb not null,
  actor jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  completed_at timestamptz,
  constraint contact_taggings_pkey primary key (tenant_id, id)
);

-- A file of contacts on its way in. Row numbers mark how far it is: a commit has done all up to committed_to, an undo all above undone_to.
create table imports (
  tenant_id uuid not null,
  id uuid not null,
  status text not null check (status in ('receiving', 'staged', 'running', 'completed', 'failed', 'undoing', 'undone', 'discarded')),
  filename text,
  encoding text,
  delimiter text,
  request jsonb not null,
  file_columns jsonb not null,
  bytes_read bigint not null,
  rows_total bigint not null,
  rows_created bigint not null,
  rows_updated bigint not null,
  rows_unchanged bigint not null,
  rows_rejected bigint not null,
  rows_suppressed bigint not null,
  consents_granted bigint not null,
  consents_kept bigint not null,
  undo_deleted bigint not null,
  undo_restored bigint not null,
  undo_kept bigint not null,
  last_row bigint not null,
  committed_to bigint not null,
  undone_to bigint not null,
  error text,
  actor jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  completed_at timestamptz,
  swept_at timestamptz,
  constraint imports_pkey primary key (tenant_id, id)
);
create index imports_swept on imports (updated_at) where swept_at is null;

-- Its rows, until they are swept. `cells` is the record as it came, of rejected rows; `before` what a commit overwrote.
create table import_rows (
  tenant_id uuid not null,
  import_id uuid not null,
  row_number bigint not null,
  verdict text not null check (verdict in ('create', 'update', 'unchanged', 'reject')),
  reason text,
  note text,
  contact_id uuid,
  email text,
  email_key text,
  phone text,
  first_name text,
  last_name text,
  time_zone text,
  locale text,
  external_id text,
  lead_id uuid,
  tracking boolean,
  attributes jsonb,
  tags jsonb,
  before jsonb,
  joined boolean,
  cells text,
  constraint import_rows_pkey primary key (tenant_id, import_id, row_number)
);
create index import_rows_email on import_rows (tenant_id, import_id, email_key) where email_key is not null;
create index import_rows_external on import_rows (tenant_id, import_id, external_id) where external_id is not null;
create index import_rows_phone on import_rows (tenant_id, import_id, phone) where phone is not null and email_key is null and external_id is null;
create index import_rows_contact on import_rows (tenant_id, contact_id) where contact_id is not null;
create index import_rows_rejected on import_rows (tenant_id, import_id, row_number) where verdict = 'reject';

create table consent_records (
  tenant_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  channel text not null check (channel in ('email', 'sms', 'push')),
  consent_type text not null check (consent_type in ('marketing', 'transactional')),
  status text not null check (status in ('granted', 'denied', 'pending')),
  source text,
  ip_address text,
  text_shown text,
  granted_at timestamptz,
  revoked_at timestamptz,
  expires_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint consent_records_pkey primary key (tenant_id, contact_id, channel, consent_type),
  constraint consent_records_contact foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade
);
create index consent_records_updated on consent_records (tenant_id, updated_at desc, id desc);

-- Double opt-in: each time somebody was asked to confirm.
create table consent_requests (
  tenant_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  channel text not null,
  consent_type text not null,
  source text,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  confirmed_at timestamptz,
  constraint consent_requests_pkey primary key (tenant_id, id),
  constraint consent_requests_contact foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade
);
create index consent_requests_contact_at on consent_requests (tenant_id, contact_id, requested_at);

-- Append-only: every change of a consent with its proof.
create table consent_history (
  tenant_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  channel text not null,
  consent_type text not null,
  status text not null,
  source text,
  ip_address text,
  user_agent text,
  text_shown text,
  actor_kind text not null,
  actor_id uuid,
  import_id uuid,
  occurred_at timestamptz not null,
  primary key (tenant_id, id)
);
create index consent_history_import on consent_history (tenant_id, import_id, contact_id) where import_id is not null;
create index consent_history_contact on consent_history (tenant_id, contact_id, occurred_at);

create table suppressions (
  tenant_id uuid not null,
  id uuid not null,
  email_address text not null,
  email_key text not null,
  reason text not null check (reason in ('unsubscribe', 'bounce', 'complaint', 'manual')),
  source text,
  message_id uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint suppressions_pkey primary key (tenant_id, id),
  constraint suppressions_key unique (tenant_id, email_key)
);
create index suppressions_created on suppressions (tenant_id, created_at desc, id);

-- Of people who were erased while their address was suppressed: it must stay so without being known.
create table erased_suppressions (
  tenant_id uuid not null,
  email_hash text not null,
  reason text not null,
  suppressed_at timestamptz not null,
  constraint erased_suppressions_pkey primary key (tenant_id, email_hash)
);

create table marketing_segments (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  description text not null,
  is_dynamic boolean not null,
  conditions jsonb,
  member_count bigint not null,
  generation bigint not null,
  last_calculated_at timestamptz,
  calculation_ms bigint,
  calculation_error text,
  calculation_failures integer not null default 0,
  next_calculation_at timestamptz,
  counted_through timestamptz,
  fully_calculated_at timestamptz,
  conditions_version bigint not null default 1,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  constraint marketing_segments_pkey primary key (tenant_id, id)
);
create unique index marketing_segments_name on marketing_segments (tenant_id, name) where deleted_at is null;

create index marketing_segments_due on marketing_segments (next_calculation_at) where deleted_at is null;
-- Recalculation looks at the contacts that changed since the last one.
create index contacts_updated on contacts (tenant_id, updated_at);

-- Which segments a segment's conditions ask for. The one row a tenant in segment_graphs is what changes of the graph queue at.
create table segment_references (
  tenant_id uuid not null,
  segment_id uuid not null,
  asks_for uuid not null,
  constraint segment_references_pkey primary key (tenant_id, segment_id, asks_for)
);
create index segment_references_back on segment_references (tenant_id, asks_for);
create table segment_graphs (
  tenant_id uuid not null,
  version bigint not null,
  constraint segment_graphs_pkey primary key (tenant_id)
);

-- Growth over time: a row for each recalculation that changed something, and for each full one.
create table segment_history (
  tenant_id uuid not null,
  segment_id uuid not null,
  calculated_at timestamptz not null,
  generation bigint not null,
  member_count bigint not null,
  joined bigint not null,
  departed bigint not null,
  calculation_ms bigint not null,
  whole boolean not null,
  constraint segment_history_pkey primary key (tenant_id, segment_id, calculated_at, generation)
);

create table segment_memberships (
  tenant_id uuid not null,
  segment_id uuid not null,
  contact_id uuid not null,
  added_at timestamptz not null,
  constraint segment_memberships_pkey primary key (tenant_id, segment_id, contact_id)
);
create index segment_memberships_contact on segment_memberships (tenant_id, contact_id);

create table email_templates (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  channel text not null check (channel in ('email', 'sms', 'push')),
  is_inline boolean not null default false,
  current_version_id uuid not null,
  version integer not null,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  archived_at timestamptz,
  constraint email_templates_pkey primary key (tenant_id, id)
);

create table template_versions (
  tenant_id uuid not null,
  id uuid not null,
  template_id uuid not null,
  version integer not null,
  subject text not null,
  html_body text not null,
  text_body text,
  source jsonb,
  variables jsonb not null,
  links jsonb not null,
  created_by uuid,
  created_at timestamptz not null,
  constraint template_versions_pkey primary key (tenant_id, id),
  constraint template_versions_number unique (tenant_id, template_id, version),
  constraint template_versions_template foreign key (tenant_id, template_id) references email_templates (tenant_id, id)
);

create table images (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  content_type text not null check (content_type in ('image/png', 'image/jpeg', 'image/gif', 'image/webp')),
  width integer not null,
  height integer not null,
  size integer not null,
  digest text not null,
  body text not null,
  created_at timestamptz not null,
  constraint images_pkey primary key (tenant_id, id),
  constraint images_digest unique (tenant_id, digest)
);

create table providers (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  kind text not null check (kind in ('smtp', 'sendgrid', 'twilio', 'webpush', 'file', 'demo')),
  settings jsonb not null,
  sealed_secrets text,
  check_status text,
  check_detail text,
  checked_at timestamptz,
  breaker jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  constraint providers_pkey primary key (tenant_id, id)
);

create table sender_identities (
  tenant_id uuid not null,
  id uuid not null,
  from_email text not null,
  from_name text not null,
  reply_to text,
  provider_id uuid not null,
  verified boolean not null,
  verified_at timestamptz,
  dkim jsonb,
  sealed_dkim_key text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  constraint sender_identities_pkey primary key (tenant_id, id),
  constraint sender_identities_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id)
);

create table campaigns (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  type text not null check (type in ('broadcast', 'recurring', 'journey', 'outreach')),
  status text not null check (status in ('draft', 'scheduled', 'active', 'paused', 'completed', 'canceled')),
  segment_ids jsonb not null,
  exclude_segment_ids jsonb not null,
  template_id uuid,
  template_version_id uuid,
  sender_id uuid,
  schedule jsonb not null,
  throttle_per_minute integer,
  priority integer not null check (priority between 1 and 10),
  tracking boolean not null,
  metadata jsonb not null,
  audience bigint,
  next_run_at timestamptz,
  run_number integer not null,
  hold_reason text,
  held_for timestamptz,
  undo_until timestamptz,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  launched_at timestamptz,
  completed_at timestamptz,
  constraint campaigns_pkey primary key (tenant_id, id)
);
create index campaigns_created on campaigns (tenant_id, created_at desc, id);
create index campaigns_due on campaigns (next_run_at) where next_run_at is not null;

-- One going-out of a campaign: a broadcast has one, a recurring campaign one each time. Its messages carry run_number as their visit.
-- `expanded_to` is how far the audience has become messages; `counts` are as old as `counted_at`, and exact once `settled`.
create table campaign_runs (
  tenant_id uuid not null,
  campaign_id uuid not null,
  run_number integer not null,
  lane_id uuid not null,
  id_base uuid not null,
  status text not null check (status in ('active', 'completed', 'canceled')),
  template_version_id uuid not null,
  sender_id uuid not null,
  audience bigint not null,
  expanded_to bigint not null,
  scheduled_for timestamptz not null,
  not_before timestamptz not null,
  local_time text,
  fallback_time_zone text,
  missed integer not null,
  settled boolean not null,
  counts jsonb not null,
  rate_per_minute double precision,
  counted_at timestamptz,
  next_count_at timestamptz not null,
  started_at timestamptz not null,
  completed_at timestamptz,
  updated_at timestamptz not null,
  constraint campaign_runs_pkey primary key (tenant_id, campaign_id, run_number)
);
create index campaign_runs_unsettled on campaign_runs (next_count_at) where not settled;

-- A queue of messages that are let through together: a campaign's, or the direct messages of one priority and sender.
-- Closing it stops claims at once, without touching a message. `held_by` says what it waits for, until next_due_at.
create table send_lanes (
  tenant_id uuid not null,
  id uuid not null,
  campaign_id uuid,
  sender_id uuid,
  priority integer not null,
  is_open boolean not null,
  next_due_at timestamptz not null,
  version bigint not null,
  throttle_per_minute integer,
  tokens double precision not null,
  tokens_at timestamptz not null,
  served_at timestamptz not null,
  held_by text,
  constraint send_lanes_pkey primary key (tenant_id, id)
);
create index send_lanes_due on send_lanes (next_due_at) where is_open;

-- Budgets: name is "tenant", "channel:email" or "provider:<id>"; span is minute, hour or day. A minute's flows as a token bucket, the
-- others count what was used in slots.
create table rate_limits (
  tenant_id uuid not null,
  name text not null,
  span text not null check (span in ('minute', 'hour', 'day')),
  capacity bigint not null,
  tokens double precision not null,
  tokens_at timestamptz not null,
  used jsonb not null,
  constraint rate_limits_pkey primary key (tenant_id, name, span)
);

-- How a tenant wants its messages retried and how often it writes to one person.
create table sending_settings (
  tenant_id uuid not null,
  max_attempts integer not null,
  frequency_messages integer,
  frequency_days integer,
  updated_at timestamptz not null,
  constraint sending_settings_pkey primary key (tenant_id)
);

-- The ledger. One row for every intended send, unique per (source, visit, contact, channel): nothing is sent twice.
-- With `to_address` it goes there and not to the contact's own address; without a contact, contact_id is nil.
-- `tracking` null: as the campaign says.
create table messages (
  tenant_id uuid not null,
  id uuid not null,
  direction text not null check (direction in ('outbound', 'inbound')),
  channel text not null check (channel in ('email', 'sms', 'push')),
  purpose text not null check (purpose in ('marketing', 'transactional')),
  kind text not null default 'message' check (kind in ('message', 'test', 'confirmation')),
  source_id uuid not null,
  visit text not null,
  campaign_id uuid,
  contact_id uuid not null,
  to_address text,
  to_key text,
  tracking boolean,
  lane_id uuid,
  template_version_id uuid,
  sender_id uuid,
  status text not null check (status in ('queued', 'sending', 'sent', 'skipped', 'failed', 'uncertain', 'canceled')),
  skip_reason text,
  priority integer not null,
  attempt_count integer not null,
  fence bigint not null,
  lease_owner uuid,
  lease_until timestamptz,
  due_at timestamptz not null,
  scheduled_at timestamptz not null,
  sent_at timestamptz,
  provider_id uuid,
  provider_message_id text,
  error text,
  variables jsonb,
  delivered_at timestamptz,
  opened_at timestamptz,
  clicked_at timestamptz,
  machine_opened_at timestamptz,
  bounced_at timestamptz,
  bounce_class text,
  complained_at timestamptz,
  unsubscribed_at timestamptz,
  uncertain_closed_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint messages_pkey primary key (tenant_id, id),
  constraint messages_once unique (tenant_id, source_id, visit, contact_id, channel)
);
create index messages_due on messages (tenant_id, lane_id, due_at) where status = 'queued';
create index messages_sending on messages (lease_owner) where status = 'sending';
create index messages_uncertain on messages (updated_at) where status = 'uncertain' and uncertain_closed_at is null;
create index messages_contact on messages (tenant_id, contact_id, created_at desc);
create index messages_campaign on messages (tenant_id, campaign_id, visit, status);
create index messages_created on messages (tenant_id, created_at, id);
-- What somebody looks for among millions that were sent; most messages never enter these.
create index messages_unsent on messages (tenant_id, status, created_at, id) where status in ('skipped', 'failed', 'uncertain', 'canceled');
create index messages_other_channels on messages (tenant_id, channel, created_at, id) where channel <> 'email';
create index messages_provider on messages (tenant_id, provider_message_id) where provider_message_id is not null;

-- Filters, order and columns of a list of the console, under a name: the query of its address.
create table views (
  tenant_id uuid not null,
  id uuid not null,
  list text not null,
  name text not null,
  query text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint views_pkey primary key (tenant_id, id),
  constraint views_name unique (tenant_id, list, name)
);

-- Counts that took long, as they were last (src/api/kept_counts.h).
create table kept_counts (
  tenant_id uuid not null,
  name text not null,
  version text not null,
  body jsonb not null,
  counted_at timestamptz not null,
  constraint kept_counts_pkey primary key (tenant_id, name)
);

-- Every decision on a message: what the gate read, what was tried, what came back.
create table message_attempts (
  tenant_id uuid not null,
  message_id uuid not null,
  attempt integer not null,
  fence bigint not null,
  instance_id uuid,
  started_at timestamptz not null,
  finished_at timestamptz,
  outcome text not null,
  code text,
  reply text,
  trace jsonb not null,
  constraint message_attempts_pkey primary key (tenant_id, message_id, attempt, started_at)
);

-- Guards message_events against the same provider event told twice, in whatever month it arrives.
create table event_dedupe (
  tenant_id uuid not null,
  provider text not null,
  provider_event_id text not null,
  seen_at timestamptz not null,
  constraint event_dedupe_pkey primary key (tenant_id, provider, provider_event_id)
);
create index event_dedupe_seen on event_dedupe (seen_at);

create view message_queue as
  select tenant_id, id, contact_id, campaign_id, channel, provider_id as provider, variables as payload, priority, status,
         due_at as scheduled_at, sent_at, attempt_count as retry_count, error, created_at
  from messages where status in ('queued', 'sending');

insert into tenants (id, name, slug, created_at, updated_at)
  values ('00000000-0000-7000-8000-000000000001', 'default', 'default', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z');

-- What the built-in inbox has caught (providers of kind "demo").
create table demo_inbox (
  tenant_id uuid not null,
  id uuid not null,
  message_id uuid,
  to_address text not null,
  from_address text not null,
  subject text not null,
  html text not null,
  body_text text not null,
  unsubscribe_url text not null,
  received_at timestamptz not null,
  constraint demo_inbox_pkey primary key (tenant_id, id)
);

-- Journeys. The draft is what is edited; a published version never changes, and who is in flight stays on theirs.
create table journeys (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  description text not null default '',
  status text not null check (status in ('draft', 'active', 'paused', 'archived')),
  draft jsonb not null,
  version integer not null default 0,
  draft_changed boolean not null default true,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  activated_at timestamptz,
  paused_at timestamptz,
  constraint journeys_pkey primary key (tenant_id, id)
);
create unique index journeys_name on journeys (tenant_id, name) where status <> 'archived';
create index journeys_active on journeys (tenant_id, id) where status = 'active';

create table journey_versions (
  tenant_id uuid not null,
  journey_id uuid not null,
  version integer not null,
  definition jsonb not null,
  note text not null default '',
  created_by uuid,
  created_at timestamptz not null,
  constraint journey_versions_pkey primary key (tenant_id, journey_id, version)
);

-- A plan that brings those on the way from one version to another. Whom it moved, the history of each tells.
create table journey_migrations (
  tenant_id uuid not null,
  id uuid not null,
  journey_id uuid not null,
  from_version integer not null,
  to_version integer not null,
  map jsonb not null,
  status text not null check (status in ('running', 'completed', 'rolling_back', 'rolled_back')),
  moved bigint not null default 0,
  exited bigint not null default 0,
  returned bigint not null default 0,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint journey_migrations_pkey primary key (tenant_id, id)
);
create unique index journey_migrations_running on journey_migrations (tenant_id, journey_id) where status in ('running', 'rolling_back');
create index journey_migrations_list on journey_migrations (tenant_id, journey_id, id desc);

-- One contact on the way. `due_at` says when to look next; nothing when it has ended, or is held until somebody decides.
create table journey_executions (
  tenant_id uuid not null,
  id uuid not null,
  journey_id uuid not null,
  version integer not null,
  contact_id uuid not null,
  entry_key text not null,
  status text not null check (status in ('active', 'waiting', 'completed', 'exited')),
  node_id text not null,
  visit integer not null,
  due_at timestamptz,
  arrived_at timestamptz not null,
  entered_at timestamptz not null,
  ended_at timestamptz,
  reason text,
  failures integer not null default 0,
  not_before timestamptz,
  calling boolean not null default false,
  orders jsonb,
  held_at timestamptz,
  error text,
  variables jsonb not null,
  event jsonb not null,
  goals jsonb not null,
  updated_at timestamptz not null,
  constraint journey_executions_pkey primary key (tenant_id, id)
);
create unique index journey_executions_entry on journey_executions (tenant_id, journey_id, contact_id, entry_key);
create index journey_executions_due on journey_executions (tenant_id, journey_id, due_at) where due_at is not null;
create index journey_executions_node on journey_executions (tenant_id, journey_id, version, node_id, status);
create index journey_executions_list on journey_executions (tenant_id, journey_id, entered_at desc, id desc);
create index journey_executions_contact on journey_executions (tenant_id, contact_id, entered_at desc, id desc);
create index journey_executions_orders on journey_executions (tenant_id, journey_id) where orders is not null;
create index journey_executions_held on journey_executions (tenant_id, journey_id, held_at) where held_at is not null;

-- When somebody last came into a journey: decides whether they may come again, being no later than the time it is compared with.
create table journey_entrants (
  tenant_id uuid not null,
  journey_id uuid not null,
  contact_id uuid not null,
  last_entered_at timestamptz not null,
  compared_with timestamptz,
  constraint journey_entrants_pkey primary key (tenant_id, journey_id, contact_id)
);

-- What was done at each visit of a node; the whole history of an execution.
create table journey_steps (
  tenant_id uuid not null,
  execution_id uuid not null,
  visit integer not null,
  journey_id uuid not null,
  version integer not null,
  node_id text not null,
  kind text not null,
  exit text,
  outcome text not null check (outcome in ('success', 'skip', 'error')),
  arrived_at timestamptz not null,
  left_at timestamptz not null,
  trace jsonb not null,
  constraint journey_steps_pkey primary key (tenant_id, execution_id, visit)
);
create index journey_steps_node on journey_steps (tenant_id, journey_id, version, node_id, exit, outcome);

-- Which events of a contact an execution is to be looked at for: those it waits for, its goals, and what its rules ask.
create table journey_event_waits (
  tenant_id uuid not null,
  contact_id uuid not null,
  event_type text not null,
  execution_id uuid not null,
  constraint journey_event_waits_pkey primary key (tenant_id, contact_id, event_type, execution_id)
);
create index journey_event_waits_execution on journey_event_waits (tenant_id, execution_id);
