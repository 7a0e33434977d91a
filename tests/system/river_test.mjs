// The main job, whole: import, consent, segment, template, broadcast, gate, send, track, report.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleParser } from 'mailparser';
import { Installation, databases, end_states } from './installation.mjs';
import { SmtpSink } from './smtp_sink.mjs';
import { until } from './patience.mjs';

for (const kind of databases) {
  test(`a newsletter from import to report, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.keep = true;
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      const imported = await home.people(30);
      assert.equal(imported.rows_created, 30);
      const silent = await api.post('/contacts', { email: 'silent@example.net', first_name: 'Silent' });
      const blocked = (await api.get('/contacts?email=person7@example.net')).items[0];
      await api.post('/suppressions', { email_address: 'Person7@Example.NET', reason: 'manual' });
      const segment = await home.segment();
      assert.equal(segment.member_count, 31);
      const template = await home.template();
      const sender = await home.sender(sink.port);
      const campaign = await api.post('/campaigns', { name: 'News', type: 'broadcast', segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      await api.post(`/campaigns/${campaign.id}/forecast`);
      await api.post(`/campaigns/${campaign.id}/launch`);
      await home.completed(campaign);

      assert.equal(sink.accepted.length, 29);
      assert.deepEqual(sink.doubled(), []);
      let report = await home.report(campaign);
      assert.equal(report.audience, 31);
      assert.equal(end_states(report), 31);
      assert.equal(report.sent, 29);
      assert.equal(report.skipped, 2);

      const mail = await simpleParser(sink.accepted.find((m) => m.to === 'person4@example.net').mail);
      assert.equal(mail.subject, 'News for Person 4');
      assert.equal(mail.from.value[0].address, 'news@acme.example');
      assert.ok(mail.html.includes('<h1>Hello Person 4</h1>'));
      assert.ok(mail.text.includes('Hello Person 4') || mail.text.includes('HELLO PERSON 4'));
      for (const header of ['message-id', 'date', 'feedback-id']) assert.ok(mail.headers.get(header), header);
      assert.equal(mail.headers.get('list').unsubscribe.url.startsWith('http'), true);
      assert.match(sink.accepted[0].mail.toString('latin1'), /List-Unsubscribe-Post: List-Unsubscribe=One-Click/);

      // What is opened within two seconds of being sent is taken for a machine.
      const sent = (await api.get(`/messages?campaign_id=${campaign.id}&status=sent&limit=1`)).items[0].sent_at;
      await until('a reader who takes his time', () => Date.now() - Date.parse(sent) > 2500);
      const click = /href="(http[^"]*\/c\/[^"]+)"/.exec(mail.html)[1].replaceAll('&amp;', '&');
      const clicked = await fetch(click, { redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0 (Macintosh) Safari/605.1.15' } });
      assert.ok([302, 303, 307].includes(clicked.status), String(clicked.status));
      assert.equal(clicked.headers.get('location'), 'https://example.com/news?a=1&b=2');
      const pixel = /src="(http[^"]*\/o\/[^"]+\.gif)"/.exec(mail.html)[1];
      const seen = await fetch(pixel, { headers: { 'user-agent': 'Mozilla/5.0 (Macintosh) Safari/605.1.15' } });
      assert.equal(seen.headers.get('content-type'), 'image/gif');

      const leave = mail.headers.get('list').unsubscribe.url;
      const page = await fetch(leave);
      assert.equal(page.status, 200);
      assert.equal((await api.get('/suppressions?email_address=person4@example.net')).items.length, 0, 'a GET changes nothing');
      const gone = await fetch(leave, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
      assert.ok(gone.status < 300, String(gone.status));
      const suppressed = (await api.get('/suppressions?email_address=person4@example.net')).items;
      assert.equal(suppressed.length, 1);
      assert.equal(suppressed[0].reason, 'unsubscribe');

      await until('the facts to be in the report', async () => {
        report = await home.report(campaign);
        return report.clicked === 1 && report.opened === 1 && report.unsubscribed === 1;
      });
      const messages = await api.all(`/messages?campaign_id=${campaign.id}`);
      assert.equal(messages.length, 31);
      const skipped = messages.filter((m) => m.status === 'skipped');
      assert.deepEqual(new Set(skipped.map((m) => m.skip_reason)), new Set(['consent_missing', 'suppressed']));
      assert.deepEqual(new Set(skipped.map((m) => m.contact_id)), new Set([silent.id, blocked.id]));
      await api.get(`/messages/${skipped[0].id}/explain`);
      const whole = await api.get(`/messages/${messages.find((m) => m.clicked_at).id}`);
      assert.ok(whole.events.some((e) => JSON.stringify(e).includes('clicked')));
      assert.ok(whole.attempts.length >= 1);
      const timeline = await api.get(`/contacts/${whole.contact_id}/timeline`);
      assert.ok(timeline.items.length >= 3);
      const audit = await api.get(`/audit?entity_id=${campaign.id}`);
      assert.ok(audit.items.some((a) => /launch/.test(a.action)));

      // The one who left is not written to again.
      const second = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      await home.completed(second);
      assert.equal(sink.accepted.filter((m) => m.to === 'person4@example.net').length, 1);
      assert.equal((await home.report(second)).sent, 28);
    } finally {
      await home.end();
      await sink.stop();
    }
  });

  test(`an unsubscribe during a running broadcast stops what has not begun, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.keep = true;
    sink.delay = 40;
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      await home.people(600);
      const segment = await home.segment();
      const template = await home.template();
      const sender = await home.sender(sink.port, { max_connections: 2 });
      const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      const left = new Map();   // address -> how many mails were accepted when the 2xx had come
      await until('the first mails', () => sink.accepted.length > 20);
      const waiting = await api.get(`/messages?campaign_id=${campaign.id}&limit=400`);
      for (const message of waiting.items.filter((m, i) => i % 16 === 0 && ['queued', 'sending'].includes(m.status))) {
        const contact = await api.get(`/contacts/${message.contact_id}`);
        await api.post('/suppressions', { email_address: contact.email, reason: 'unsubscribe' });
        left.set(contact.email, Date.now());
        if (sink.accepted.some((m) => m.to === contact.email)) left.delete(contact.email);   // was handed over before
      }
      assert.ok(left.size > 5, `${left.size} of ${waiting.items.length} left while waiting, ${sink.accepted.length} accepted`);
      await home.completed(campaign, 120);
      for (const address of left.keys()) assert.ok(!sink.accepted.some((m) => m.to === address), `${address} got a mail after its unsubscribe`);
      assert.deepEqual(sink.doubled(), []);
      const report = await home.report(campaign);
      assert.equal(end_states(report), 600);
      assert.equal(report.sent, sink.accepted.length);
    } finally {
      await home.end();
      await sink.stop();
    }
  });

  test(`pausing stops hand-overs within a second and resuming goes on, on ${kind}`, async () => {
    const sink = await SmtpSink.start();
    sink.delay = 20;
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      await home.people(500);
      const segment = await home.segment();
      const template = await home.template();
      const sender = await home.sender(sink.port, { max_connections: 4 });
      const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      await until('the first mails', () => sink.accepted.length > 30);
      await api.post(`/campaigns/${campaign.id}/pause`);
      await new Promise((resolve) => setTimeout(resolve, 1000));   // the promised second itself
      const then = sink.accepted.length;
      assert.ok(then < 500, 'there was something left to pause');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal(sink.accepted.length, then, 'nothing is handed over a second after the pause');
      await api.post(`/campaigns/${campaign.id}/resume`);
      await home.completed(campaign, 120);
      assert.equal(sink.accepted.length, 500);
      assert.deepEqual(sink.doubled(), []);
    } finally {
      await home.end();
      await sink.stop();
    }
  });
}
