// Campaigns as the API tells them.
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
  metadata: { goals?: string; tags?: string[]; notes?: string };
  audience?: number | null;
  launched_at?: string | null;
  completed_at?: string | null;
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
  clicked: number;
  bounced: number;
  complained: number;
  unsubscribed: number;
  skipped: number;
  failed: number;
  uncertain: number;
  canceled?: number;
  machine_opened?: number;
  skip_reasons?: Record<string, number> | { reason: string; count: number }[];
}
