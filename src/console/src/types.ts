// The shapes of the API that the console reads.
export interface Contact {
  id: string;
  email: string | null;
  phone: string | null;
  first_name: string | null;
  last_name: string | null;
  time_zone: string | null;
  locale: string | null;
  external_id: string | null;
  lead_id: string | null;
  attributes: Record<string, unknown>;
  tags: string[];
  tracking?: boolean;
  created_at: string;
  updated_at: string;
}

export type Condition = Record<string, unknown>;

export interface Segment {
  id: string;
  name: string;
  description: string;
  is_dynamic: boolean;
  conditions: Condition | null;
  member_count: number;
  last_calculated_at: string | null;
  calculation_error: string | null;
  created_at: string;
  updated_at: string;
}

export interface Template {
  id: string;
  name: string;
  channel: string;
  subject: string;
  html_body: string;
  text_body: string | null;
  mjml_body?: string | null; // what html_body was made of
  variables: string[];
  version: number;
  created_at: string;
  updated_at: string;
}

export interface Sender {
  id: string;
  from_email: string;
  from_name: string;
  reply_to: string | null;
  provider_id: string;
  verified: boolean;
  dkim?: { domain: string; selector: string; record_name: string; record_text: string; created_at: string } | null;
  created_at: string;
  updated_at: string;
}

export interface Provider {
  id: string;
  name: string;
  kind: string;
  settings: Record<string, unknown>;
  check_status: string | null;
  check_detail: string | null;
  checked_at: string | null;
  secrets?: string[];
  webhook_path?: string | null;
  breaker?: Record<string, unknown>;
  created_at: string;
  updated_at: string;
}

export interface Campaign {
  id: string;
  name: string;
  type: string;
  status: string;
  segment_ids: string[];
  exclude_segment_ids: string[];
  template_id: string | null;
  sender_id: string | null;
  schedule: Record<string, unknown>;
  throttle_per_minute: number | null;
  priority: number;
  tracking: boolean;
  metadata: Record<string, unknown>;
  audience: number | null;
  launched_at: string | null;
  completed_at: string | null;
  next_run_at: string | null;
  hold_reason: string | null;
  held_for?: string | null; // a start that waits to be approved
  undo_until?: string | null;
  run_number?: number;
  created_at: string;
  updated_at: string;
}

export interface Report {
  audience: number;
  queued: number;
  sending: number;
  sent: number;
  delivered: number;
  opened: number;
  machine_opened: number;
  clicked: number;
  machine_clicked?: number;
  bounced: number;
  complained: number;
  unsubscribed: number;
  skipped: number;
  failed: number;
  uncertain: number;
  canceled: number;
  skip_reasons: Record<string, number>;
  bounces?: Record<string, number>;
  as_of?: string; // when it was counted
}

export interface States {
  audience: number;
  queued: number;
  sending: number;
  sent: number;
  skipped: number;
  failed: number;
  uncertain: number;
  canceled: number;
}

export interface CampaignProgress extends States {
  status: string;
  done: number;
  percent: number;
  rate_per_minute: number | null;
  finishes_at: string | null;
  hold_reason: string | null;
  undo_until: string | null;
  as_of?: string;
}

export interface Message {
  id: string;
  campaign_id: string | null;
  contact_id: string;
  channel: string;
  purpose: string;
  status: string;
  skip_reason: string | null;
  attempt_count: number;
  provider_message_id: string | null;
  scheduled_at: string | null;
  sent_at: string | null;
  error: string | null;
  delivered_at: string | null;
  opened_at: string | null;
  clicked_at: string | null;
  bounced_at: string | null;
  complained_at: string | null;
  unsubscribed_at: string | null;
  created_at: string;
  to_address?: string | null;
  email?: string | null;
}

export const personName = (person: { first_name?: string | null; last_name?: string | null }) => [person.first_name, person.last_name].filter(Boolean).join(" ");
