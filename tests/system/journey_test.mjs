// Journeys with real mail, over days that pass at once: who came in went as they must by what they did, and it is on record why.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { simpleParser } from 'mailparser';
import { Installation, databases } from './installation.mjs';
import { at, ended, held, journey, path, stories } from './journeys.mjs';
import { MovedClock, day, hour, minute } from './moved_clock.mjs';
import { until } from './patience.mjs';
import { SmtpSink } from './smtp_sink.mjs';

const reader = { 'user-agent': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15' };
const person = (number) => `person${number}@example.net`;

// An installation with people who said yes, a letter and a sender, whose calendar the story moves on.
async function with_days(kind, people, tell, flags = []) {
  const clock = new MovedClock();
  const sink = await SmtpSink.start();
  sink.keep = true;
  const home = await Installation.bare(kind);
  try {
    await home.start({ environment: clock.environment, flags });
    await home.people(people);
    const template = await home.template();
    const sender = await home.sender(sink.port);
    const mail = { act: 'send_message', template_id: template.id, sender_id: sender.id };
    await tell({ home, api: home.api, clock, sink, mail });
  } finally {
    await home.end();
    await sink.stop();
    clock.end();
  }
}

async function mail_of(sink, address) {
  const found = await until(`the mail to ${address}`, () => sink.accepted.find((m) => m.to === address));
  return simpleParser(found.mail);
}

async function open(sink, address, headers = reader) {
  const pixel = /src="(http[^"]*\/o\/[^"]+\.gif)"/.exec((await mail_of(sink, address)).html)[1];
  assert.equal((await fetch(pixel, { headers })).headers.get('content-type'), 'image/gif');
}

// Until what they did is in the event log.
function happened(api, type, count) {
  return until(`${count} ${type}`, async () => (await api.get(`/events?type=${type}`)).items.length === count);
}

const signed_up = (numbers) => ({ events: numbers.map((number) => ({ type: 'signed_up', email: person(number), properties: { plan: 'free' } })) });

for (const kind of databases) {
  test(`a journey with real mail goes by who opened it and when, on ${kind}`, () => with_days(kind, 6, async ({ home, api, clock, sink, mail }) => {
    const welcome = await journey(api, 'Welcome', [
      ['start', 'trigger', { on: 'event', event: 'signed_up' }, 'hello'],
      ['hello', 'action', mail, 'pause'],
      ['pause', 'wait', { duration: '2d' }, 'read'],
      ['read', 'condition', { condition: { type: 'event', event: 'email_opened', within: '24h' } }, { true: 'tag', false: 'bye' }],
      ['tag', 'action', { act: 'add_tag', tag: 'reader' }, 'bye'],
      ['bye', 'exit', { reason: 'done' }],
    ]);
    const withdrawn = (await api.get(`/contacts?email=${person(3)}`)).items[0];
    await api.put(`/contacts/${withdrawn.id}/consents/email/marketing`, { status: 'denied', source: 'story' });

    await api.post('/events', signed_up([0, 1, 2, 3, 4]));   // person5 does nothing
    const who = [0, 1, 2, 3, 4].map(person);
    const settled = (story) => at('pause')(story) && story.messages.length === 1 && ['sent', 'skipped'].includes(story.messages[0].status);
    const waiting = await stories(api, welcome, who, settled);   // sent by the calendar of before
    await until('the mails', () => sink.accepted.length === 4);
    const began = clock.now();

    clock.pass(hour);
    await open(sink, person(1));         // too early: more than a day before the question
    await happened(api, 'email_opened', 1);
    clock.pass(35 * hour);
    await open(sink, person(0));
    await happened(api, 'email_opened', 2);
    await open(sink, person(4), { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' });
    await until('the machine to be known as one', async () => (await api.get(`/messages/${waiting[person(4)].messages[0].id}`)).machine_opened_at);
    assert.equal((await api.get(`/journeys/${welcome.id}/stats`)).in_flight, 5);
    clock.pass(12 * hour);

    // What the machine makes of these facts.
    const read = 'start next, hello next, pause next, read true, tag next, bye';
    const unread = 'start next, hello next, pause next, read false, bye';
    const told = await stories(api, welcome, who, ended);
    assert.deepEqual(Object.fromEntries(who.map((address) => [address, path(told[address])])),
                     { [person(0)]: read, [person(1)]: unread, [person(2)]: unread, [person(3)]: unread, [person(4)]: unread });
    for (const story of Object.values(told)) {
      assert.equal(story.status, 'completed');
      assert.equal(story.reason, 'done');
      assert.deepEqual(story.steps.map((step) => step.visit), story.steps.map((_, i) => i + 1));
      assert.ok(story.steps.every((step) => step.outcome === 'success'));
      const pause = story.steps[2];
      const waited = Date.parse(pause.left_at) - Date.parse(pause.arrived_at);
      assert.ok(waited >= 2 * day * 1000 && waited < (2 * day + 60) * 1000, `${waited} ms`);
      assert.ok(Date.parse(pause.left_at) - began >= 2 * day * 1000 - 10_000);
      assert.equal(story.messages.length, 1);
      assert.equal(story.messages[0].visit, 2);
    }
    const [asked] = told[person(0)].steps[3].trace.because;
    assert.equal(asked.holds, true);
    assert.match(asked.asked, /email_opened/);

    // Who withdrew was kept from the mail by the gate, and it says so.
    assert.equal(told[person(3)].messages[0].status, 'skipped');
    assert.equal(told[person(3)].messages[0].skip_reason, 'consent_denied');
    assert.deepEqual(sink.accepted.map((m) => m.to).sort(), [0, 1, 2, 4].map(person));
    for (const number of [0, 1, 2, 4]) assert.equal(told[person(number)].messages[0].status, 'sent');

    const tagged = (await api.all('/contacts')).filter((contact) => contact.tags.includes('reader'));
    assert.deepEqual(tagged.map((contact) => contact.email), [person(0)]);
    const stats = await api.get(`/journeys/${welcome.id}/stats`);
    assert.equal(stats.entered, 5);
    assert.equal(stats.completed, 5);
    assert.equal(stats.in_flight, 0);
    assert.deepEqual(stats.nodes.find((node) => node.node_id === 'read').left, { true: 1, false: 4 });
    const timeline = await api.all(`/events?contact_id=${told[person(0)].contact_id}&type=journey_step_completed`);
    assert.equal(timeline.length, 6);
    const metrics = await (await fetch(`${home.servers[0].url}/metrics`)).text();
    assert.match(metrics, /journey_steps_executed_total\{[^}]*step_type="condition"[^}]*\} 5/);

    // Signing up again changes nothing: the journey lets everybody in once.
    await api.post('/events', signed_up([0, 5]));
    await stories(api, welcome, [person(5)], at('pause'));
    assert.equal((await api.get(`/journeys/${welcome.id}/stats`)).entered, 6);
  }));

  test(`who unsubscribes in the middle of a journey gets nothing more of it, on ${kind}`, () => with_days(kind, 2, async ({ api, clock, sink, mail }) => {
    const course = await journey(api, 'Course', [
      ['start', 'trigger', { on: 'event', event: 'signed_up' }, 'one'],
      ['one', 'action', mail, 'pause'],
      ['pause', 'wait', { duration: '1d' }, 'two'],
      ['two', 'action', mail, 'rest'],
      ['rest', 'wait', { duration: '1h' }, 'bye'],
      ['bye', 'exit', { reason: 'done' }],
    ]);
    await api.post('/events', signed_up([0, 1]));
    const leave = (await mail_of(sink, person(0))).headers.get('list').unsubscribe.url;
    await mail_of(sink, person(1));
    const gone = await fetch(leave, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
    assert.ok(gone.status < 300, String(gone.status));
    clock.pass(day);
    await until('the second mail', () => sink.accepted.filter((m) => m.to === person(1)).length === 2);
    const decided = (story) => story.messages.length === 2 && story.messages.every((message) => message.status !== 'queued');
    const told = await stories(api, course, [person(0), person(1)], decided);
    clock.pass(hour);
    await stories(api, course, [person(0), person(1)], ended);
    assert.deepEqual(told[person(0)].messages.map((m) => [m.visit, m.status]), [[2, 'sent'], [4, 'skipped']]);
    assert.match(told[person(0)].messages[1].skip_reason, /suppressed|consent_missing/);
    assert.deepEqual(told[person(1)].messages.map((m) => [m.visit, m.status]), [[2, 'sent'], [4, 'sent']]);
    assert.equal(sink.accepted.filter((m) => m.to === person(0)).length, 1);
  }));

  test(`a paused journey moves nobody, and what was missed for long is held until somebody looks, on ${kind}`, () => with_days(kind, 2, async ({ api, clock }) => {
    const nodes = (event) => [
      ['start', 'trigger', { on: 'event', event }, 'pause'],
      ['pause', 'wait', { duration: '1h' }, 'bye'],
      ['bye', 'exit', { reason: 'done' }],
    ];
    const resting = await journey(api, 'Resting', nodes('signed_up'), { rules: { overdue: '6h' } });
    const other = await journey(api, 'Other', nodes('signed_up'), { rules: { overdue: '30d' } });
    await api.post('/events', signed_up([0]));
    await stories(api, resting, [person(0)], at('pause'));
    await stories(api, other, [person(0)], at('pause'));
    await api.post(`/journeys/${resting.id}/pause`);
    await api.post('/events', signed_up([1]));
    await stories(api, other, [person(1)], at('pause'));
    clock.pass(2 * hour);
    await stories(api, other, [person(0), person(1)], ended);   // the other one went on meanwhile
    assert.equal((await api.get(`/journeys/${resting.id}/stats`)).in_flight, 1, 'and let nobody in');
    assert.ok(at('pause')((await stories(api, resting, [person(0)], () => true))[person(0)]));
    await api.post(`/journeys/${resting.id}/resume`);
    const late = (await stories(api, resting, [person(0)], ended))[person(0)];
    assert.equal(path(late), 'start next, pause next, bye');
    assert.ok(Date.parse(late.steps[1].left_at) - Date.parse(late.steps[1].arrived_at) >= 2 * hour * 1000);

    // Ten hours: too late for this journey's rule. Nobody is hit by all that was missed.
    await api.post('/events', signed_up([1]));
    await stories(api, resting, [person(1)], at('pause'));
    await api.post(`/journeys/${resting.id}/pause`);
    clock.pass(10 * hour);
    await api.post(`/journeys/${resting.id}/resume`);
    const overdue = (await stories(api, resting, [person(1)], held))[person(1)];
    assert.equal(overdue.error, 'overdue');
    assert.equal(overdue.due_at, null);
    assert.deepEqual((await api.get(`/journeys/${resting.id}/executions?held=true`)).items.map((execution) => execution.email), [person(1)]);
    assert.equal((await api.post(`/journeys/${resting.id}/release`)).released, 1);
    assert.equal(path((await stories(api, resting, [person(1)], ended))[person(1)]), 'start next, pause next, bye');
  }));

  test(`a webhook of a journey is tried again when it fails, and its failing is dealt with as the node says, on ${kind}`, async () => {
    const calls = [];
    const answers = { '/shaky': [500, 500, 200], '/well': [200], '/broken': [500, 500] };
    const receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes) => { body += bytes; });
      request.on('end', () => {
        calls.push({ path: request.url, key: request.headers['idempotency-key'], body: JSON.parse(body) });
        response.writeHead(answers[request.url].shift() ?? 500).end();
      });
    });
    await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address();
    try {
      await with_days(kind, 1, async ({ api, clock }) => {
        const hook = (name, retries) => journey(api, `Hook ${name}`, [
          ['start', 'trigger', { on: 'event', event: 'signed_up' }, 'tell'],
          ['tell', 'action', { act: 'webhook', url: `http://127.0.0.1:${port}/${name}`, body: { plan: 'free' }, on_error: { then: 'proceed', retries } }, 'bye'],
          ['bye', 'exit', { reason: 'done' }],
        ]);
        const [shaky, well, broken] = [await hook('shaky', 3), await hook('well', 3), await hook('broken', 1)];
        await api.post('/events', signed_up([0]));
        const at_once = (await stories(api, well, [person(0)], ended))[person(0)];
        assert.equal(path(at_once), 'start next, tell next, bye');
        assert.equal(at_once.steps[1].outcome, 'success');

        const failed = (times) => (story) => story.failures === times && story.error === 'the webhook answered 500' && story.due_at !== null;
        for (const [times, pause] of [[1, 30], [2, 60]]) {
          const waiting = (await stories(api, shaky, [person(0)], failed(times)))[person(0)];
          const next = (Date.parse(waiting.due_at) - clock.now()) / 1000;
          assert.ok(next > pause * 0.8 - 15 && next <= pause * 1.2, `the next try after failure ${times} is in ${next} s`);
          if (times === 1) await stories(api, broken, [person(0)], failed(1));
          clock.pass(2 * minute);
        }
        const third = (await stories(api, shaky, [person(0)], ended))[person(0)];
        assert.equal(path(third), 'start next, tell next, bye');
        assert.equal(third.steps[1].outcome, 'success');
        const given_up = (await stories(api, broken, [person(0)], ended))[person(0)];
        assert.equal(path(given_up), 'start next, tell next, bye');
        assert.equal(given_up.steps[1].outcome, 'error');
        assert.deepEqual(given_up.steps[1].trace, { error: 'the webhook answered 500', attempts: 2 });
        const times = (name) => calls.filter((call) => call.path === `/${name}`);
        assert.deepEqual(['shaky', 'well', 'broken'].map((name) => times(name).length), [3, 1, 2]);
        assert.equal(new Set(calls.map((call) => call.key)).size, 6, 'each try has a key of its own');
      }, ['--allowed-networks', `127.0.0.1/32:${port}`]);
    } finally {
      receiver.closeAllConnections();
      receiver.close();
    }
  });
}
