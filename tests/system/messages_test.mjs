// Single messages, templates, senders and SendGrid, told from outside on both databases. Every answer is checked against the OpenAPI document.
import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { simpleParser } from 'mailparser';
import { Installation, databases } from './installation.mjs';
import { Postgres } from './postgres.mjs';
import { SmtpSink } from './smtp_sink.mjs';
import { until } from './patience.mjs';

const reader = { 'user-agent': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15' };

// Plays SendGrid's two addresses; `answer` decides what a hand-over gets.
class FakeSendgrid {
  posts = [];
  answer = () => ({ status: 202 });
  static async start() {
    const self = new FakeSendgrid();
    self.server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => { body += piece; });
      request.on('end', () => {
        if (request.url === '/v3/scopes') {
          const good = request.headers.authorization === 'Bearer SG.good';
          response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
          return response.end(JSON.stringify(good ? { scopes: ['mail.send'] } : { errors: [{ message: 'bad key' }] }));
        }
        const post = JSON.parse(body);
        self.posts.push(post);
        const { status, headers = {} } = request.headers.authorization === 'Bearer SG.good' ? self.answer(post) : { status: 401 };
        response.writeHead(status, { ...(status === 202 ? { 'x-message-id': `sg${self.posts.length}` } : {}), ...headers });
        response.end(status === 202 ? '' : JSON.stringify({ errors: [{ message: `told to say ${status}` }] }));
      });
    });
    await new Promise((resolve) => self.server.listen(0, '127.0.0.1', resolve));
    self.url = `http://127.0.0.1:${self.server.address().port}`;
    return self;
  }
  stop() { return new Promise((resolve) => { this.server.closeAllConnections(); this.server.close(resolve); }); }
}

test('while the database is away readers get their pages, and what they did is taken in afterwards', async () => {
  const cluster = Postgres.start();
  const sink = await SmtpSink.start();
  sink.keep = true;
  const home = await Installation.bare('postgres', cluster);
  try {
    await home.start();
    const { api } = home;
    await home.sender(sink.port);
    const sent = await api.post('/messages', { email: 'ada@example.net', subject: 'x', tracking: true,
      html_body: '<a href="https://shop.example/{{ contact.id }}">mine</a> <a href="https://shop.example/all">all</a>' });
    await until('the mail', () => sink.accepted.length === 1);
    const mail = await simpleParser(sink.accepted[0].mail);
    const links = [...mail.html.matchAll(/href="(http[^"]*\/c\/[^"]+)"/g)].map((found) => found[1]);
    const pixel = /src="(http[^"]*\/o\/[^"]+\.gif)"/.exec(mail.html)[1];
    await until('the ledger to know', async () => (await api.get(`/messages/${sent.id}`)).status === 'sent');
    cluster.down('immediate');
    await until('a 503', async () => (await api.call('GET', '/contacts')).status === 503);
    const began = Date.now();
    const mine = await fetch(links[0], { redirect: 'manual', headers: reader });
    assert.equal(mine.headers.get('location'), `https://shop.example/${sent.contact_id}`);
    assert.equal((await fetch(links[1], { redirect: 'manual', headers: reader })).headers.get('location'), 'https://shop.example/all');
    for (let i = 0; i < 20; i++) assert.equal((await fetch(pixel, { headers: reader })).headers.get('content-type'), 'image/gif');
    assert.ok(Date.now() - began < 10_000, `readers waited ${Date.now() - began} ms`);
    cluster.up();
    const told = await until('all of it to be taken in', async () => {
      const now = await api.call('GET', `/messages/${sent.id}`);
      return now.status === 200 && now.body.events.length === 22 && now.body;
    });
    assert.equal(told.events.filter((event) => event.type === 'clicked').length, 2);
  } finally {
    await home.end();
    await sink.stop();
    cluster.stop();
  }
});

for (const kind of databases) {
  test(`a receipt is sent once, explained, read and clicked, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.keep = true;
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      await home.sender(sink.port);
      const wanted = {
        email: 'ada@example.net', subject: 'Receipt {{ variables.number }}', tracking: true, variables: { number: '№ 7 <8>' },
        html_body: '<p>{{ variables.number }}</p><a href="https://shop.example/o/{{ contact.id }}?q={{ variables.number | url_encode }}">order</a> <a href="{{ view_url }}">view</a>',
      };
      const first = await api.call('POST', '/messages', wanted, { 'idempotency-key': 'order-7' });
      const second = await api.call('POST', '/messages', wanted, { 'idempotency-key': 'order-7' });
      assert.equal(first.status, 202);
      assert.equal(first.body.status, 'queued');
      assert.equal(first.body.purpose, 'transactional');
      assert.equal(second.body.id, first.body.id);
      assert.equal((await api.call('POST', '/messages', { ...wanted, subject: 'Other' }, { 'idempotency-key': 'order-7' })).status, 422);
      const sent = await until('the receipt to be sent', async () => { const m = await api.get(`/messages/${first.body.id}`); return m.status === 'sent' && m; });
      assert.equal(sink.accepted.length, 1);
      assert.equal(sent.attempt_count, 1);
      assert.equal(sent.attempts[0].outcome, 'accepted');
      const mail = await simpleParser(sink.accepted[0].mail);
      assert.equal(mail.subject, 'Receipt № 7 <8>');
      assert.ok(mail.html.includes('№ 7 &lt;8&gt;'));
      assert.equal(mail.headers.get('list'), undefined);

      const why = await api.get(`/messages/${sent.id}/explain`);
      assert.match(why.summary, /sent/);
      assert.ok(why.decisions[0].gates.every((gate) => gate.explanation));
      assert.equal((await api.get(`/messages/${sent.id}/content`)).subject, 'Receipt № 7 <8>');

      // What was written for one person leads where it did, and nowhere else.
      const link = /href="(http[^"]*\/c\/[^"]+)"/.exec(mail.html)[1];
      const target = `https://shop.example/o/${sent.contact_id}?q=%E2%84%96+7+%3C8%3E`;
      const clicked = await fetch(link, { redirect: 'manual', headers: reader });
      assert.equal(clicked.status, 302);
      assert.equal(clicked.headers.get('location'), target);
      const head = await fetch(link, { method: 'HEAD', redirect: 'manual', headers: reader });
      assert.equal(head.headers.get('location'), target);
      for (const broken of [link.slice(0, -4) + 'AAAA', link + 'A', link.slice(0, -30), link.replace('/c/', '/c/x')]) {
        const page = await fetch(broken, { redirect: 'manual' });
        assert.equal(page.status, 404, broken);
        assert.equal(page.headers.get('location'), null);
      }
      const pixel = /src="(http[^"]*\/o\/[^"]+\.gif)"/.exec(mail.html)[1];
      for (const method of ['GET', 'HEAD']) {
        const image = await fetch(pixel, { method, headers: reader });
        assert.equal(image.headers.get('content-type'), 'image/gif');
        assert.match(image.headers.get('cache-control'), /no-store/);
      }
      assert.equal((await fetch(`${home.servers[0].url}/o/rubbish.gif`)).status, 200);
      const view = await fetch(/href="(http[^"]*\/view\/[^"]+)"/.exec(mail.html)[1]);
      assert.equal(view.status, 200);
      assert.match(view.headers.get('content-security-policy'), /sandbox/);
      assert.ok((await view.text()).includes('№ 7 &lt;8&gt;'));
      const facts = await until('four facts', async () => { const m = await api.get(`/messages/${sent.id}`); return m.events.length === 4 && m; });
      assert.equal(facts.events.filter((event) => event.actor_class === 'machine').length >= 2, true);
      assert.equal(facts.status, 'sent');
      assert.equal((await api.get('/suppressions')).items.length, 0);
    } finally {
      await home.end();
      await sink.stop();
    }
  });

  test(`what cannot go says why, and waits, is canceled or tried again, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      const refused = await api.call('POST', '/messages', { email: 'a@example.net', subject: 'x', text_body: 'y' });
      assert.equal(refused.status, 400);
      assert.equal(refused.body.errors[0].pointer, '/sender_id');
      await home.sender(sink.port);
      const missing = await api.call('POST', '/messages', { email: 'a@example.net', subject: 'x', html_body: '{{ variables.code }}' });
      assert.equal(missing.body.errors[0].pointer, '/variables/code');
      const unknown = await api.call('POST', '/messages', { email: 'a@example.net', subjet: 'x' });
      assert.equal(unknown.body.errors[0].pointer, '/subjet');
      assert.equal((await api.call('GET', '/messages?status=lost')).status, 400);

      const later = await api.post('/messages', { email: 'later@example.net', subject: 'x', text_body: 'y', scheduled_at: new Date(Date.now() + 3600e3).toISOString() });
      assert.match((await api.get(`/messages/${later.id}/explain`)).summary, /waits|Due/);
      assert.equal((await api.post(`/messages/${later.id}/cancel`)).status, 'canceled');
      assert.equal((await api.call('POST', `/messages/${later.id}/cancel`)).status, 409);

      await api.post('/suppressions', { email_address: 'gone@example.net', reason: 'manual' });
      const gone = await api.post('/messages', { email: 'gone@example.net', subject: 'x', text_body: 'y' });
      await until('the gate to refuse', async () => (await api.get(`/messages/${gone.id}`)).status === 'skipped');
      const why = await api.get(`/messages/${gone.id}/explain`);
      assert.equal(why.skip_reason, 'suppressed');
      assert.match(why.summary, /suppression list/);
      assert.ok(why.fix);
      assert.equal(why.decisions.at(-1).gates.at(-1).verdict, 'refuse');
      const lifted = (await api.get('/suppressions')).items[0];
      await api.delete(`/suppressions/${lifted.id}`);
      assert.equal((await api.call('POST', `/messages/${gone.id}/retry`, {})).status, 202);
      await until('the second try to succeed', async () => (await api.get(`/messages/${gone.id}`)).status === 'sent');

      const marketing = await api.post('/messages', { email: 'silent@example.net', subject: 'x', text_body: 'y', purpose: 'marketing' });
      await until('the gate to ask for consent', async () => (await api.get(`/messages/${marketing.id}`)).skip_reason === 'consent_missing');
      const mine = await api.all(`/messages?contact_id=${marketing.contact_id}`);
      assert.deepEqual(mine.map((m) => m.id), [marketing.id]);
      assert.deepEqual(await api.all(`/messages?contact_id=${marketing.contact_id}&campaign_id=${marketing.id}`), []);
      assert.equal((await api.get(`/messages?contact_id=${marketing.contact_id}&limit=1&status=skipped&channel=email&purpose=marketing&from=2020-01-01T00:00:00Z`)).items.length, 1);
      const pages = await api.all('/messages?kind=message');
      assert.equal(new Set(pages.map((m) => m.id)).size, 3);
    } finally {
      await home.end();
      await sink.stop();
    }
  });

  test(`a template is tried out, tested, changed and taken back, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.keep = true;
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      await home.sender(sink.port);
      const made = await home.template({ html_body: '<p>Hello {{ contact.first_name | default: "you" }}</p><a href="{{ unsubscribe_url }}">bye</a>' });
      const shown = await api.post(`/templates/${made.id}/preview`, {});
      assert.ok(shown.html.includes('Hello Jane'));
      assert.ok(Array.isArray(shown.warnings));
      const broken = await api.call('POST', `/templates/${made.id}/preview`, { html_body: '<p>\n  {{ contact.nick }}</p>' });
      assert.equal(broken.status, 400);
      assert.match(broken.body.errors[0].message, /line 2, column/);
      const test_mail = await api.call('POST', `/templates/${made.id}/test-send`, { to: 'boss@acme.example' });
      assert.equal(test_mail.status, 202);
      assert.equal(test_mail.body.queued, 1);
      await until('the test to arrive', () => sink.accepted.length === 1);
      const mail = await simpleParser(sink.accepted[0].mail);
      assert.match(mail.subject, /^\[Test\] /);
      assert.equal(mail.to.value[0].address, 'boss@acme.example');
      assert.equal((await api.get('/contacts')).items.length, 0);
      const leave = mail.headers.get('list').unsubscribe.url;
      assert.equal((await fetch(leave, { method: 'POST', body: 'List-Unsubscribe=One-Click' })).status < 500, true);
      assert.equal((await api.get('/suppressions')).items.length, 0);

      const before = await api.call('GET', `/templates/${made.id}`);
      const changed = await api.patch(`/templates/${made.id}`, { subject: 'Other' }, { 'if-match': before.headers.get('etag') });
      assert.equal(changed.version, 2);
      assert.equal((await api.call('PATCH', `/templates/${made.id}`, { subject: 'Late' }, { 'if-match': before.headers.get('etag') })).status, 412);
      const diff = await api.get(`/templates/${made.id}/diff?from=1&to=2`);
      assert.deepEqual(diff.subject.map((line) => line.change), ['removed', 'added']);
      assert.equal((await api.post(`/templates/${made.id}/versions/1/restore`)).version, 3);
      assert.equal((await api.all(`/templates/${made.id}/versions`)).length, 3);
      await api.delete(`/templates/${made.id}`);
      assert.equal((await api.get('/templates')).items.length, 0);
      assert.equal((await api.call('POST', '/messages', { email: 'x@example.net', template_id: made.id })).status, 400);
      await api.post(`/templates/${made.id}/restore`);
      assert.equal((await api.get('/templates')).items.length, 1);
    } finally {
      await home.end();
      await sink.stop();
    }
  });

  test(`SendGrid there and back: keys, outages, signed events by the thousand, on ${kind}`, async () => {
    const fake = await FakeSendgrid.start();
    const home = await Installation.make(kind, { flags: ['--allowed-networks', '127.0.0.0/8'] });
    try {
      const { api } = home;
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const provider = await api.post('/providers', { name: 'SendGrid', kind: 'sendgrid', settings: {
        api_key: 'SG.wrong', base_url: fake.url, webhook_public_key: keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64') } });
      assert.equal(JSON.stringify(provider).includes('SG.wrong'), false);
      const bad = await api.post(`/providers/${provider.id}/check`);
      assert.equal(bad.ok, false);
      assert.match(bad.items.find((item) => !item.ok).detail, /API key is wrong/);
      assert.equal((await api.get(`/providers/${provider.id}`)).check_status, 'failed');
      await api.patch(`/providers/${provider.id}`, { settings: { api_key: 'SG.good' } });
      assert.equal((await api.post(`/providers/${provider.id}/check`)).ok, true);
      await api.post('/senders', { from_email: 'news@acme.example', from_name: 'Acme', provider_id: provider.id, verified: true });

      // Down at first, then well.
      fake.answer = () => (fake.posts.length < 3 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 202 });
      const messages = [];
      for (let i = 0; i < 20; i++) messages.push(await api.post('/messages', { email: `p${i}@example.net`, subject: `Hi ${i}`, text_body: 'x' }));
      await until('all to be sent', async () => (await api.get('/messages?status=sent&limit=50')).items.length === 20, 60);
      const handed = fake.posts.map((post) => post.personalizations[0].custom_args.pr_message_id);
      assert.equal(new Set(handed).size, 20);

      const post = async (events, { spoil = false } = {}) => {
        const body = JSON.stringify(events) + '\r\n';
        const timestamp = String(Math.floor(Date.now() / 1000));
        const signature = createSign('sha256').update(timestamp + (spoil ? body + ' ' : body)).sign(keys.privateKey).toString('base64');
        return fetch(`${home.servers[0].url}/webhooks/sendgrid/${provider.id}/events`, {
          method: 'POST', body, headers: { 'content-type': 'application/json', 'x-twilio-email-event-webhook-signature': signature, 'x-twilio-email-event-webhook-timestamp': timestamp } });
      };
      const event = (message, name, n, more = {}) => ({ email: `x@example.net`, event: name, timestamp: Math.floor(Date.now() / 1000) + n, sg_event_id: `${message.id}-${name}-${n}`, pr_message_id: message.id, ...more });
      const batch = [];
      for (const message of messages) {
        batch.push(event(message, 'delivered', 1));
        for (let n = 0; n < 100; n++) batch.push(event(message, n % 2 ? 'processed' : 'deferred', n));
      }
      assert.equal((await post(batch, { spoil: true })).status, 403);
      assert.equal((await api.get(`/messages/${messages[0].id}`)).events.length, 0);
      // Split, doubled and side by side.
      const answers = await Promise.all([post(batch), post(batch.slice(0, 700)), post(batch.slice(500).reverse())]);
      for (const answer of answers) assert.equal(answer.status, 204);
      assert.equal((await api.get(`/messages/${messages[0].id}`)).events.length, 101);
      assert.ok((await api.get(`/messages/${messages[3].id}`)).delivered_at);

      assert.equal((await post([event(messages[1], 'bounce', 5, { type: 'bounce', status: '5.1.1' }), event(messages[2], 'spamreport', 6), event(messages[4], 'open', 7, { sg_machine_open: true, useragent: 'Mozilla/5.0' })])).status, 204);
      const suppressed = await api.all('/suppressions');
      assert.deepEqual(suppressed.map((s) => `${s.email_address} ${s.reason}`).sort(), ['p1@example.net bounce', 'p2@example.net complaint']);
      const opened = await api.get(`/messages/${messages[4].id}`);
      assert.equal(opened.opened_at, null);
      assert.ok(opened.machine_opened_at);
      const job = await api.call('POST', '/engagement/reclassify', { from: '2020-01-01T00:00:00Z', to: new Date(Date.now() + 60e3).toISOString() });
      assert.equal(job.status, 202);
      await until('the job to be done', async () => (await api.get('/jobs?queue=engagement')).items.length === 0);
    } finally {
      await home.end();
      await fake.stop();
    }
  });

  test(`a sender is verified by whoever reads its mail, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.keep = true;
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      const provider = await api.post('/providers', { name: 'Sink', kind: 'smtp', settings: { host: '127.0.0.1', port: sink.port, security: 'none' } });
      const sender = await api.post('/senders', { from_email: 'news@acme.example', from_name: 'Acme', provider_id: provider.id });
      assert.equal(sender.verified, false);
      assert.equal((await api.call('POST', '/messages', { email: 'a@example.net', subject: 'x', text_body: 'y', sender_id: sender.id })).status, 400);
      assert.equal((await api.call('POST', `/senders/${sender.id}/verify`)).status, 202);
      assert.equal((await api.call('POST', `/senders/${sender.id}/verify`)).status, 429);
      await until('the mail to arrive', () => sink.accepted.length === 1);
      const mail = await simpleParser(sink.accepted[0].mail);
      assert.equal(mail.to.value[0].address, 'news@acme.example');
      const link = /http\S+\/verify\/[\w-]+/.exec(mail.text)[0];
      const page = await fetch(link);
      assert.equal(page.status, 200);
      assert.equal((await api.get(`/senders/${sender.id}`)).verified, false);
      assert.equal((await fetch(link.slice(0, -3) + 'AAA', { method: 'POST' })).status, 404);
      assert.equal((await fetch(link, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 200);
      assert.equal((await api.get(`/senders/${sender.id}`)).verified, true);
      await api.post(`/senders/${sender.id}/dkim`, { selector: 'pr1' });
      await api.post('/messages', { email: 'a@example.net', subject: 'x', text_body: 'y' });
      await until('a signed mail', () => sink.accepted.length === 2);
      assert.match(sink.accepted[1].mail.toString('latin1'), /^DKIM-Signature:[^]*d=acme\.example/);
    } finally {
      await home.end();
      await sink.stop();
    }
  });
}
