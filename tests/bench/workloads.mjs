// What is measured, pair by pair: postrider, then the peer or the limit it is held against, in the same run.
// Each gives rows { workload, postrider, against, unit, ratio, target, lower_is_better, ... }: ratio is postrider / other.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hr } from './peers/lib/bench.mjs';
import { HTML, SUBJECT, TEXT } from './peers/lib/seed.mjs';
import { Postrider, tenant, until } from './postrider.mjs';
import { journeys as measure_journeys } from './journeys.mjs';
import { counting_sink } from './smtp_sink.mjs';

// The measurements of one peer file whose label matches.
async function of_peers(b, file, pattern) {
  const from = b.results.length;
  const { measures } = await import(`./peers/peers/${file}.mjs`);
  const measure = Object.getPrototypeOf(b).measure.bind(b);
  const only = Object.create(b, { measure: { value: async (m) => (pattern.test(`${m.workload} | ${m.peer} | ${m.variant}`) ? measure(m) : null) } });
  await measures(only);
  return b.results.slice(from).filter((r) => r.rate);
}
const best = (results) => results.reduce((a, r) => (!a || r.rate > a.rate ? r : a), null);

// The documented stack's own letter, in postrider's words.
const letter = (text) => text.replaceAll('contact.company', 'contact.attributes.company').replaceAll('{{ campaign_id }}', '{{ campaign.id }}').replaceAll('{{ message_id }}', '{{ message.id }}');

export async function broadcast_smtp({ b, quick }) {
  const count = quick ? 20_000 : 100_000;
  const port = 52725;
  const ours = await b.measure({
    workload: 'broadcast over SMTP (10 KB)', peer: 'postrider', variant: '10 connections', unit: 'messages/s', reps: 1,
    prepare: async () => {
      const p = await Postrider.start(b, 'bench_send');
      await p.people(count);
      const segment = await p.segment({ type: 'attribute', field: 'email', operator: 'exists' });
      const template = await p.post('/templates', { name: 'Letter', channel: 'email', subject: letter(SUBJECT), html_body: letter(HTML).replace('https://links.example.test/unsubscribe/{{ message.id }}', '{{ unsubscribe_url }}'), text_body: letter(TEXT) });
      const provider = await p.post('/providers', { name: 'Sink', kind: 'smtp', settings: { host: '127.0.0.1', port, security: 'none', max_connections: 10 } });
      const sender = await p.post('/senders', { from_email: 'news@sender.test', from_name: 'News', provider_id: provider.id, verified: true });
      const campaign = await p.post('/campaigns', { name: 'Bench', type: 'broadcast', segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      const sink = await counting_sink(port);
      await p.db.query('checkpoint');
      b.extraRoots = { server: p.pid, sink: sink.pid };
      return { p, campaign, sink };
    },
    run: async ({ p, campaign, sink }) => {
      const t0 = hr();
      await p.post(`/campaigns/${campaign.id}/launch`);
      await until('all mails', async () => sink.count() >= count);
      const ms = hr() - t0;
      await until('completion', async () => (await p.get(`/campaigns/${campaign.id}`)).status === 'completed', 60);
      return { ops: count, ms, rss_mb: p.peak_mb() };
    },
    cleanup: async ({ p, campaign, sink }) => {
      b.extraRoots = {};
      const report = await p.get(`/campaigns/${campaign.id}/report`);
      await sink.stop();
      await p.stop();
      if (report.sent !== count || sink.count() !== count) throw new Error(`${report.sent} sent, ${sink.count()} at the sink, of ${count}`);
    },
  });
  const seed = best(await of_peers(b, 'seed-send', quick ? /^send messages \(10 KB\) \| .*SMTP \| BullMQ concurrency=50$/ : /^send messages \(10 KB\) \| .*SMTP \| BullMQ concurrency=(10|50)/));
  const limit = best(await of_peers(b, 'limits-net', /pipelined SMTP .* 10 connections/));
  const row = (against, other, target) => ({ workload: 'broadcast over SMTP, 10 KB Liquid mail', unit: 'messages/s', postrider: ours.rate, against, other: other.rate, ratio: ours.rate / other.rate, target, lower_is_better: false,
    cpu_us: ours.perOp.server_cpu_us, postgres_cpu_us: ours.perOp.postgres_cpu_us, wal_bytes: ours.perOp.wal_bytes, peak_rss_mb: ours.extra.rss_mb });
  return [row('documented stack (BullMQ + nodemailer)', seed, 10), row('limit: pipelined SMTP client without a database', limit, null),
          { workload: 'server CPU of a message sent over SMTP', unit: 'µs', postrider: ours.perOp.server_cpu_us, against: 'limit of the design', other: 150, ratio: ours.perOp.server_cpu_us / 150, target: 1, lower_is_better: true }];
}

export async function liquid({ quick }) {
  const bench = process.env.POSTRIDER_LIQUID_BENCH;
  const folder = mkdtempSync(join(tmpdir(), 'postrider-liquid-'));
  execFileSync(bench, ['--print', folder]);
  const rounds = quick ? 5_000 : 50_000;
  const rate = (text, name) => Number(new RegExp(`^${name}: (\\d+) renders/s`, 'm').exec(text)[1]);
  const ours = execFileSync(bench, [String(rounds)], { encoding: 'utf8' });
  const peer = execFileSync(process.execPath, [new URL('./liquid_peer.mjs', import.meta.url).pathname, folder, String(Math.round(rounds / 10))],
                            { encoding: 'utf8', env: { ...process.env, NODE_PATH: new URL('./peers/node_modules', import.meta.url).pathname } });
  return [{ workload: 'Liquid rendering, one core', unit: 'renders/s', postrider: rate(ours, 'escaped, strict'), against: 'liquidjs, parsed once', other: rate(peer, 'escaped, strict'),
            ratio: rate(ours, 'escaped, strict') / rate(peer, 'escaped, strict'), target: 10, lower_is_better: false }];
}

// A file of people, written while it is read: nothing of it is held.
function csv_of(count) {
  let i = 0;
  return new ReadableStream({
    pull(controller) {
      if (i >= count) return controller.close();
      let piece = i === 0 ? 'email,first_name,last_name,attributes.industry,attributes.score\n' : '';
      for (const end = Math.min(count, i + 2000); i < end; ++i) piece += `user${i}@example.test,First${i % 997},Last${i % 4999},${['SaaS', 'Retail', 'Finance', 'Health'][i % 4]},${i % 100}\n`;
      controller.enqueue(Buffer.from(piece));
    },
  });
}

export async function csv_import({ b, quick }) {
  const count = quick ? 100_000 : 1_000_000;
  const p = await Postrider.start(b, 'bench_import');
  b.extraRoots = { server: p.pid };
  const ours = await b.measure({
    workload: 'CSV import', peer: 'postrider', variant: 'upload, stage, commit', unit: 'rows/s', reps: 1,
    run: async () => {
      const t0 = hr();
      const started = await p.post('/imports?commit=true', csv_of(count), { 'content-type': 'text/csv' });
      const done = await until('the import', async () => { const now = await p.get(`/imports/${started.id}`); return ['completed', 'failed'].includes(now.status) && now; });
      if (done.rows_created !== count) throw new Error(JSON.stringify(done));
      return { ops: count, ms: hr() - t0, rss_mb: p.peak_mb() };
    },
  });
  b.extraRoots = {};
  const limit = await b.measure({
    workload: 'CSV import', peer: 'limit: COPY into the same table', variant: '', unit: 'rows/s', reps: 1,
    prepare: async () => {
      await p.db.query('create table like_contacts (like contacts including all)');
      const { rows } = await p.db.query("select current_setting('data_directory') as folder");
      const file = `${rows[0].folder}/contacts.copy`;
      await p.db.query(`copy contacts to '${file}'`);
      await p.db.query('checkpoint');
      return file;
    },
    run: async (file) => {
      const t0 = hr();
      const r = await p.db.query(`copy like_contacts from '${file}'`);
      return { ops: r.rowCount, ms: hr() - t0 };
    },
  });
  await p.stop();
  return [{ workload: `CSV import of ${count.toLocaleString('en-US')} rows`, unit: 'rows/s', postrider: ours.rate, against: 'limit: COPY into the same table', other: limit.rate, ratio: ours.rate / limit.rate, target: 0.4,
            lower_is_better: false, cpu_us: ours.perOp.server_cpu_us, postgres_cpu_us: ours.perOp.postgres_cpu_us, wal_bytes: ours.perOp.wal_bytes, peak_rss_mb: ours.extra.rss_mb }];
}

export async function segments({ b, quick }) {
  const contacts = quick ? 100_000 : 1_000_000;
  const events = contacts * 10;
  const p = await Postrider.start(b, 'bench_segments');
  b.log('segments: generating data');
  await p.people(contacts);
  await p.db.query(`insert into marketing_events (tenant_id, event_id, event_type, contact_id, payload, occurred_at, created_at)
    select $1::uuid, md5('e' || i)::uuid, (array['email_sent','email_sent','email_sent','email_delivered','email_delivered','email_delivered','email_opened','email_opened','email_opened','email_clicked'])[1 + i % 10],
      md5('c' || 1 + (i::bigint * 7919) % $2)::uuid, '{}', at, at from generate_series(1, $3) i, lateral (select now() - (i % 1500000) * interval '1 second' as at) x`, [tenant, contacts, events]);
  await p.db.query('vacuum analyze');
  await p.db.query('checkpoint');
  const conditions = { and: [{ type: 'attribute', field: 'attributes.industry', operator: 'equals', value: 'SaaS' }, { type: 'attribute', field: 'attributes.country', operator: 'in', value: ['IT', 'DE'] },
                             { type: 'event', event: 'email_opened', within: '7d', count: { at_least: 2 } }, { not: { type: 'consent', channel: 'email', consent_type: 'marketing', status: 'denied' } }] };
  const sql = `insert into like_memberships select c.tenant_id, '00000000-0000-4000-8000-000000000001', c.id, now() from contacts c
    where c.tenant_id = $1 and c.attributes ->> 'industry' = 'SaaS' and c.attributes ->> 'country' in ('IT', 'DE')
      and c.id in (select contact_id from marketing_events where tenant_id = $1 and event_type = 'email_opened' and created_at > now() - interval '7 days' group by contact_id having count(*) >= 2)
      and not exists (select 1 from consent_records r where r.tenant_id = $1 and r.contact_id = c.id and r.channel = 'email' and r.consent_type = 'marketing' and r.status = 'denied')`;
  await p.db.query('create table like_memberships (like segment_memberships including all)');
  const segment = await p.segment(conditions);
  const limits = [];
  let members = 0;
  for (let i = 0; i < 3; ++i) {
    await p.db.query('truncate like_memberships');
    const t0 = hr();
    members = (await p.db.query(sql, [tenant])).rowCount;
    limits.push(hr() - t0);
  }
  const first = Number((await p.db.query('select calculation_ms from marketing_segments where id = $1', [segment.id])).rows[0].calculation_ms);
  if (Math.abs(members - segment.member_count) > contacts / 1000) throw new Error(`${segment.member_count} members, ${members} by hand`);
  // One contact in a hundred changes, and the segment is calculated again.
  await p.db.query(`update contacts set attributes = attributes || '{"industry": "Retail"}', updated_at = now() where tenant_id = $1 and ('x' || substr(id::text, 1, 2))::bit(8)::int < 3`, [tenant]);
  const before = (await p.get(`/segments/${segment.id}`)).last_calculated_at;
  await p.post(`/segments/${segment.id}/recalculate`);
  await until('the second run', async () => (await p.get(`/segments/${segment.id}`)).last_calculated_at !== before);
  const second = Number((await p.db.query('select calculation_ms from marketing_segments where id = $1', [segment.id])).rows[0].calculation_ms);
  await p.stop();
  const hand = limits.sort((x, y) => x - y)[1];
  return [{ workload: `segment over ${contacts.toLocaleString('en-US')} contacts, ${events.toLocaleString('en-US')} events`, unit: 'ms', postrider: first, against: 'limit: hand-written SQL, same tables', other: hand, ratio: first / hand, target: 1.15, lower_is_better: true },
          { workload: 'the same again, 1 % changed', unit: 'ms', postrider: second, against: 'its first run', other: first, ratio: second / first, target: 0.2, lower_is_better: true }];
}

export async function api_reads({ b, quick }) {
  const p = await Postrider.start(b, 'bench_reads');
  await p.people(10_000);
  const { rows } = await p.db.query('select id from contacts order by id limit 1');
  const seconds = quick ? 4 : 10;
  const wrk = (url) => {
    const said = execFileSync('wrk', ['-t', '1', '-c', '64', '-d', String(seconds), '--latency', '-H', `authorization: Bearer ${p.key}`, url], { encoding: 'utf8' });
    if (/Non-2xx/.test(said)) throw new Error(said);
    const time = (name) => { const [, n, unit] = new RegExp(`\\s${name}\\s+([\\d.]+)(us|ms|s)`).exec(said); return n * { us: 0.001, ms: 1, s: 1000 }[unit]; };
    return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]), p50: time('50%'), p99: time('99%') };
  };
  const { start_fastify } = await import('./fastify_peer.mjs');
  const peer = await start_fastify(p.database, tenant);
  const results = [];
  for (const [what, ours, theirs] of [['contact by id', `/api/v1/contacts/${rows[0].id}`, `/contacts/${rows[0].id}`], ['list of 50', '/api/v1/contacts?limit=50', '/contacts?limit=50']]) {
    const mine = wrk(p.url + ours);
    const other = wrk(peer.url + theirs);
    results.push({ workload: `API: ${what}, 64 connections`, unit: 'requests/s', postrider: mine.rate, against: 'Fastify with pg', other: other.rate, ratio: mine.rate / other.rate, target: 5, lower_is_better: false, p50_ms: mine.p50, p99_ms: mine.p99 });
  }
  await peer.stop();
  await p.stop();
  return results;
}

export async function journeys({ b, quick }) {
  return measure_journeys({ b, quick, of_peers, best });
}
