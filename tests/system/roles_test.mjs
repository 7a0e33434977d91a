// What one process does can be split over several: each does its part and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Installation, end_states } from './installation.mjs';
import { Server, command } from './server.mjs';
import { SmtpSink } from './smtp_sink.mjs';

test('api, worker and scheduler as three processes send a broadcast together', async () => {
  const sink = await SmtpSink.start();
  const home = await Installation.bare('postgres');
  try {
    await home.start({ flags: ['--roles', 'api'] });
    const worker = await Server.start(home.place, { flags: ['--roles', 'worker'] });
    const scheduler = await Server.start(home.place, { flags: ['--roles', 'scheduler'] });
    home.servers.push(worker, scheduler);
    await home.people(60);
    const segment = await home.segment();
    const template = await home.template();
    const sender = await home.sender(sink.port);
    const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
    await home.completed(campaign);
    const report = await home.report(campaign);
    assert.equal(report.sent, 60);
    assert.equal(end_states(report), 60);
    assert.deepEqual(sink.doubled(), []);
    for (const server of [worker, scheduler]) {
      assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
      assert.equal((await fetch(`${server.url}/metrics`)).status, 200);
      assert.equal((await fetch(`${server.url}/api/v1/contacts`, { headers: { authorization: `Bearer ${home.key}` } })).status, 404);
      assert.equal((await fetch(`${server.url}/`)).status, 404);
    }
    for (const server of home.servers) assert.deepEqual(await server.stop(), { code: 0, signal: null });
  } finally {
    await home.end();
    await sink.stop();
  }
});

test('a role that is none is a usage error', () => {
  command(['serve', '--roles', 'api,cook'], { expect: 2 });
});
