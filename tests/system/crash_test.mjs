// Three servers on one PostgreSQL, killed with -9 in mid-broadcast again and again: nothing is lost, and nothing is doubled but
// what the ledger itself lists as uncertain. The same with one server on SQLite.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Installation, end_states } from './installation.mjs';
import { SmtpSink } from './smtp_sink.mjs';
import { until } from './patience.mjs';

const count = Number(process.env.POSTRIDER_STORY_SIZE ?? 3000);
const connections = 4;   // a server

function random(seed) {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

async function broadcast_under_fire(kind, servers, seed) {
  const dice = random(seed);
  const sink = await SmtpSink.start();
  sink.delay = 8;
  const home = await Installation.make(kind);
  try {
    const alive = [home.servers[0]];
    await home.people(count);
    const segment = await home.segment();
    const template = await home.template();
    const sender = await home.sender(sink.port, { max_connections: connections });
    while (alive.length < servers) alive.push(await home.start());
    const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
    let kills = 0;
    let open = 0;     // final dots without a reply at the moments of death, at most
    const rounds = 6;
    for (let round = 1; round <= rounds; ++round) {
      await until('the broadcast to move on', () => sink.accepted.length >= Math.min(count * 0.9, round * count * 0.12), 120);
      const victim = Math.floor(dice() * alive.length);
      await alive[victim].kill();
      kills += 1;
      open += connections;
      alive[victim] = await home.start();
    }
    await home.completed(campaign, 240);
    const report = await home.report(campaign);
    assert.equal(report.audience, count);
    assert.equal(end_states(report), count, 'the report adds up');
    assert.equal(report.queued + report.sending, 0);
    assert.equal(report.skipped + report.failed, 0, JSON.stringify(report));
    const messages = await home.api.all(`/messages?campaign_id=${campaign.id}`);
    assert.equal(messages.length, count);
    const uncertain = messages.filter((m) => m.status === 'uncertain');
    assert.deepEqual(sink.doubled(), [], 'nobody got it twice');
    const reached = new Set(sink.accepted.map((m) => m.to));
    assert.ok(count - reached.size <= uncertain.length, `${count - reached.size} were not reached, ${uncertain.length} are uncertain`);
    assert.ok(uncertain.length <= open, `${uncertain.length} uncertain, at most ${open} hand-overs were open at ${kills} deaths`);
    assert.ok(report.sent <= reached.size, 'what counts as sent was accepted');
    console.log(`# ${kind}, ${servers} servers: ${count} messages, ${kills} kills, ${report.sent} sent, ${uncertain.length} uncertain, ${sink.accepted.length} accepted`);
  } finally {
    await home.end();
    await sink.stop();
  }
}

test('three servers on PostgreSQL, killed again and again', () => broadcast_under_fire('postgres', 3, 1));
test('one server on SQLite, killed again and again', () => broadcast_under_fire('sqlite', 1, 2));

test('a graceful stop leaves nothing uncertain', async () => {
  const sink = await SmtpSink.start();
  sink.delay = 30;
  const home = await Installation.make('postgres');
  try {
    await home.people(400);
    const segment = await home.segment();
    const template = await home.template();
    const sender = await home.sender(sink.port, { max_connections: connections });
    const campaign = await home.broadcast({ segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
    await until('the first mails', () => sink.accepted.length > 40);
    const exit = await home.servers[0].stop();
    assert.deepEqual(exit, { code: 0, signal: null });
    const then = sink.accepted.length;
    assert.ok(then < 400);
    await home.start();
    const report = await home.report(campaign);
    assert.equal(report.uncertain, 0);
    await home.completed(campaign, 120);
    assert.equal(sink.accepted.length, 400);
    assert.deepEqual(sink.doubled(), []);
  } finally {
    await home.end();
    await sink.stop();
  }
});
