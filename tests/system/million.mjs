// By hand, with a release build: a million people imported over HTTP, a nested segment over them, a broadcast to 100,000 of them
// through Postfix's smtp-sink, everyone exactly once, and the memory the server took for it all.
//   POSTRIDER_BINARY=build/release/postrider node tests/system/million.mjs [ROWS] [RECIPIENTS]
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Installation, end_states } from './installation.mjs';
import { Postgres } from './postgres.mjs';
import { until } from './patience.mjs';

const rows = Number(process.argv[2] ?? 1_000_000);
const recipients = Number(process.argv[3] ?? 100_000);
const port = 52925;

function people() {
  let i = 0;
  return new ReadableStream({
    pull(controller) {
      if (i >= rows) return controller.close();
      let piece = i === 0 ? 'email,first_name,last_name,attributes.industry,attributes.number,tags\r\n' : '';
      for (const end = Math.min(rows, i + 2000); i < end; ++i) {
        piece += `user${i}@example.test,"First ${i % 997}",Last${i % 4999},${['SaaS', 'Retail', 'Finance', 'Health'][i % 4]},${i},${i % 10 === 0 ? 'vip|early' : 'lead'}\r\n`;
      }
      controller.enqueue(Buffer.from(piece));
    },
  });
}

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);
const cluster = Postgres.start({ shared_buffers: '1GB', max_wal_size: '8GB' });
const dump = mkdtempSync(join(tmpdir(), 'postrider-sink-'));
chmodSync(dump, 0o777);
const sink = spawn('smtp-sink', [...(process.getuid() === 0 ? ['-u', 'nobody'] : []), '-m', '500', '-D', join(dump, 'mails'), `127.0.0.1:${port}`, '1000'], { stdio: 'inherit' });
const home = await Installation.bare('postgres', cluster);
try {
  const server = await home.start();
  const { api } = home;
  console.log(`at rest: ${server.memory().now.toFixed(0)} MB`);

  let from = performance.now();
  const started = await api.post('/imports?commit=true&consent=email.marketing&consent_source=signup+form', people(), { 'content-type': 'text/csv' });
  console.log(`uploaded and staged: ${seconds(from)} s, peak ${server.memory().peak.toFixed(0)} MB`);
  const imported = await until('the import', async () => {
    const now = await api.get(`/imports/${started.id}`);
    return ['completed', 'failed'].includes(now.status) && now;
  }, 1800);
  assert.equal(imported.rows_created, rows, JSON.stringify(imported));
  console.log(`imported ${rows} rows: ${seconds(from)} s, peak ${server.memory().peak.toFixed(0)} MB`);

  const conditions = { and: [
    { or: [{ type: 'attribute', field: 'attributes.industry', operator: 'in', value: ['SaaS', 'Retail'] }, { and: [{ type: 'tag', tag: 'vip' }, { type: 'attribute', field: 'first_name', operator: 'starts_with', value: 'First' }] },
           { type: 'attribute', field: 'attributes.industry', operator: 'equals', value: 'Finance' }, { type: 'attribute', field: 'attributes.industry', operator: 'equals', value: 'Health' }] },
    { type: 'attribute', field: 'attributes.number', operator: 'less_than', value: recipients },
    { not: { type: 'event', event: 'email_bounced', within: '90d', count: { at_least: 1 } } },
    { type: 'consent', channel: 'email', consent_type: 'marketing', status: 'granted' },
  ] };
  from = performance.now();
  const preview = await api.post('/segments/preview', { conditions });
  const off = Math.abs(preview.count - recipients) / recipients;
  assert.ok(preview.approximate ? off < 0.15 : off === 0, `${preview.count} instead of ${recipients}`);
  console.log(`segment previewed: ${seconds(from)} s, ${preview.approximate ? `about ${preview.count}, ${(off * 100).toFixed(1)} % off` : 'exact'}`);
  from = performance.now();
  const segment = await home.segment(conditions);
  assert.equal(segment.member_count, recipients);
  console.log(`segment calculated: ${seconds(from)} s, peak ${server.memory().peak.toFixed(0)} MB`);

  const template = await home.template();
  const sender = await home.sender(port, { max_connections: 10 });
  from = performance.now();
  const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
  await home.completed(campaign, 1200);
  const report = await home.report(campaign);
  console.log(`broadcast to ${recipients}: ${seconds(from)} s, peak ${server.memory().peak.toFixed(0)} MB`);
  console.log(`report: ${JSON.stringify(report)}`);
  assert.equal(report.audience, recipients);
  assert.equal(end_states(report), recipients);
  assert.equal(report.sent, recipients);

  const times = new Map();
  for (const file of readdirSync(dump))
    for await (const line of createInterface({ input: createReadStream(join(dump, file), 'latin1') }))
      if (line.startsWith('X-Rcpt-Args: ')) times.set(line, (times.get(line) ?? 0) + 1);
  assert.equal(times.size, recipients, 'everyone got it');
  assert.ok([...times.values()].every((count) => count === 1), 'exactly once');
  console.log(`the sink has ${times.size} recipients, each exactly once; peak memory of the server ${server.memory().peak.toFixed(0)} MB`);
  assert.ok(server.memory().peak < 200, 'the server stays under 200 MB');
} finally {
  await home.end();
  sink.kill();
  cluster.stop();
  rmSync(dump, { recursive: true, force: true });
}
