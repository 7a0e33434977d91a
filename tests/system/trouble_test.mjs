// Things that go wrong around the server: the database is away, the mail server is away or says no. Nothing is lost, and
// everything is said in a way that tells what to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Installation, databases, end_states } from './installation.mjs';
import { Postgres } from './postgres.mjs';
import { SmtpSink } from './smtp_sink.mjs';
import { until } from './patience.mjs';

test('a database that is away is a 503 with Retry-After, and all goes on when it is back', async () => {
  const cluster = Postgres.start();
  const sink = await SmtpSink.start();
  sink.delay = 10;
  const home = await Installation.bare('postgres', cluster);
  try {
    const server = await home.start();
    await home.people(800);
    const segment = await home.segment();
    const template = await home.template();
    const sender = await home.sender(sink.port, { max_connections: 4 });
    const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
    await until('the first mails', () => sink.accepted.length > 50);
    cluster.down('immediate');
    const answer = await until('a 503', async () => {
      const now = await home.api.call('GET', '/contacts');
      return now.status === 503 && now;
    });
    assert.ok(answer.headers.get('retry-after'));
    assert.match(answer.headers.get('content-type'), /problem\+json/);
    assert.notEqual((await fetch(`${server.url}/readyz`)).status, 200);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    cluster.up();
    await until('recovery within five seconds', async () => (await home.api.call('GET', '/contacts')).status === 200, 5);
    await until('readiness', async () => (await fetch(`${server.url}/readyz`)).status === 200, 5);
    await home.completed(campaign, 120);
    const report = await home.report(campaign);
    assert.equal(end_states(report), 800);
    assert.deepEqual(sink.doubled(), []);
    assert.equal(server.exit, undefined);
    assert.equal(sink.accepted.length, 800 - (report.uncertain - sink.accepted.length + report.sent));
  } finally {
    await home.end();
    await sink.stop();
    cluster.stop();
  }
});

for (const kind of databases) {
  test(`a mail server that is away loses nothing, on ${kind}`, async () => {
    const first = await SmtpSink.start();
    const { port } = first;
    await first.stop();
    const home = await Installation.make(kind);
    let sink = null;
    try {
      await home.people(40);
      const segment = await home.segment();
      const template = await home.template();
      const sender = await home.sender(port);
      const check = await home.api.call('POST', `/providers/${sender.provider_id}/check`);
      assert.match(JSON.stringify(check.body), /refused|connect/i);
      const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      await until('an attempt', async () => (await home.api.get(`/messages?campaign_id=${campaign.id}`)).items.some((m) => m.attempt_count > 0));
      sink = await SmtpSink.start(port);
      await home.completed(campaign, 180);
      assert.equal(sink.accepted.length, 40);
      assert.deepEqual(sink.doubled(), []);
      assert.equal((await home.report(campaign)).sent, 40);
    } finally {
      await home.end();
      await sink?.stop();
    }
  });

  test(`refusals become failures with the server's own words, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.rcpt = (to) => (to.startsWith('person3@') ? '550 5.1.1 No such user here' : '250 2.1.5 OK');
    const home = await Installation.make(kind);
    try {
      await home.people(10);
      const segment = await home.segment();
      const template = await home.template();
      const sender = await home.sender(sink.port);
      const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      await home.completed(campaign);
      const report = await home.report(campaign);
      assert.equal(report.sent, 9);
      assert.equal(report.failed, 1);
      const [failed] = (await home.api.get(`/messages?campaign_id=${campaign.id}&status=failed`)).items;
      const whole = await home.api.get(`/messages/${failed.id}`);
      assert.match(JSON.stringify(whole), /No such user here/);
      assert.equal((await home.api.get('/suppressions?email_address=person3@example.net')).items[0].reason, 'bounce');
    } finally {
      await home.end();
      await sink.stop();
    }
  });

  test(`wrong credentials are said plainly and cost no message, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.login = { username: 'acme', password: 'right' };
    const home = await Installation.make(kind);
    try {
      await home.people(5);
      const segment = await home.segment();
      const template = await home.template();
      const sender = await home.sender(sink.port, { username: 'acme', password: 'wrong' });
      const check = await home.api.call('POST', `/providers/${sender.provider_id}/check`);
      assert.match(JSON.stringify(check.body), /535|credentials|password/i);
      const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      await until('the reason to be told', async () => (await home.api.get(`/messages?campaign_id=${campaign.id}`)).items.some((m) => /535|credentials/i.test(m.error ?? '')));
      const provider = await home.api.get(`/providers/${sender.provider_id}`);
      assert.equal(provider.settings.password, undefined, 'secrets are not shown');
      await home.api.patch(`/providers/${sender.provider_id}`, { settings: { host: '127.0.0.1', port: sink.port, security: 'none', username: 'acme', password: 'right' } });
      // Not after the pause that wrong credentials are worth: new settings are tried at once.
      await home.completed(campaign, 14);
      assert.equal((await home.report(campaign)).sent, 5);
    } finally {
      await home.end();
      await sink.stop();
    }
  });
}
