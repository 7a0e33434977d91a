// Three servers on one PostgreSQL lead people through a journey and are killed with -9 again and again: everybody comes to the end, by a way
// without gaps that the definition allows, and every step, message, event and tag is there once.
// POSTRIDER_JOURNEY_SIZE sets how many are in flight: 50,000 is what a release must have been seen with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { Installation } from './installation.mjs';
import { journey } from './journeys.mjs';
import { SmtpSink } from './smtp_sink.mjs';
import { until } from './patience.mjs';

const count = Number(process.env.POSTRIDER_JOURNEY_SIZE ?? 4000);
const seed = Number(process.env.POSTRIDER_JOURNEY_SEED ?? 1);
const steps_each = 9;   // at least, on every way through the journey
const tenant = '00000000-0000-7000-8000-000000000001';

function random(seed) {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

const contact_of = (i) => `c0000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

// Every fifth is on the plan "pro".
async function people(db) {
  await db.query(`insert into contacts (tenant_id, id, email, email_key, first_name, last_name, attributes, tags, tracking, created_at, updated_at)
    select $1::uuid, ('c0000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, e, e, 'Person', i::text, jsonb_build_object('plan', case when i % 5 = 0 then 'pro' else 'free' end), '[]', true, now(), now()
    from generate_series(0, $2 - 1) i, lateral (select 'person' || i || '@example.net' as e) x`, [tenant, count]);
  await db.query(`insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, granted_at, created_at, updated_at)
    select tenant_id, id, id, 'email', 'marketing', 'granted', 'webform', now(), now(), now() from contacts`);
  await db.query('analyze contacts, consent_records');
}

// Servers that die and come back. Whoever calls them tries the next one, with the same key.
class Herd {
  kills = 0;
  constructor(home, dice) {
    this.home = home;
    this.dice = dice;
    this.alive = [...home.servers];
  }

  async kill_one() {
    const victim = Math.floor(this.dice() * this.alive.length);
    await this.alive[victim].kill();
    this.kills += 1;
    this.alive[victim] = await this.home.start();
  }

  async post(path, body, key) {
    return until(`${path} to be taken`, async () => {
      const server = this.alive[Math.floor(this.dice() * this.alive.length)];
      try {
        return await this.home.api.at(server.url).post(path, body, { 'idempotency-key': key });
      } catch (error) {
        if (error.cause?.code || /terminated|answered (409|503)/.test(error.message)) return null;   // dead or dying, or still busy with the first try
        throw error;
      }
    }, 60);
  }
}

// Where a way leads by the definition, node by node: "start next pause next bye". Throws where it leaves the definition.
function follow(definition, way) {
  const nodes = new Map(definition.nodes.map((node) => [node.id, node]));
  let expected = 'start';
  for (const [i, step] of way.entries()) {
    assert.equal(step.visit, i + 1, 'visits without gaps');
    assert.equal(step.node, expected, `visit ${step.visit}`);
    const exits = nodes.get(step.node).exits ?? {};
    if (step.exit === '') assert.deepEqual(exits, {}, `${step.node} was left without an exit`);
    else assert.ok(exits[step.exit], `${step.node} has no exit ${step.exit}`);
    expected = exits[step.exit] ?? null;
  }
  assert.equal(expected, null, 'the way goes to an end');
  return way.map((step) => `${step.node} ${step.exit}`.trim()).join(', ');
}

test('three servers killed again and again lead everybody through a journey once', async () => {
  const began = performance.now();
  const dice = random(seed);
  const sink = await SmtpSink.start();
  const home = await Installation.make('postgres');
  const db = new pg.Pool({ connectionString: home.place.database, max: 3, options: '-c search_path=postrider' });
  db.on('error', () => {});
  const one = async (sql, values = []) => Object.values((await db.query(sql, values)).rows[0])[0];
  const number = async (sql, values) => Number(await one(sql, values));
  try {
    await people(db);
    const template = await home.template({ html_body: '<p>Hello {{ contact.first_name }}</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>' });
    const sender = await home.sender(sink.port, { max_connections: 4 });
    const course = await journey(home.api, 'Course', [
      ['start', 'trigger', { on: 'event', event: 'signed_up' }, 'pause'],
      ['pause', 'wait', { duration: `${Math.round(4 + count / 2500)}s` }, 'ask'],
      ['ask', 'condition', { condition: { type: 'attribute', field: 'attributes.plan', operator: 'equals', value: 'pro' } }, { true: 'tag', false: 'mark' }],
      ['tag', 'action', { act: 'add_tag', tag: 'pro' }, 'say'],
      ['mark', 'action', { act: 'add_tag', tag: 'free' }, 'say'],
      ['say', 'action', { act: 'record_event', event: 'was_seen', properties: { where: 'course' } }, 'rest'],
      ['rest', 'wait', { duration: '3s' }, 'mail'],
      ['mail', 'action', { act: 'send_message', template_id: template.id, sender_id: sender.id }, 'hope'],
      ['hope', 'wait', { event: 'nudged', at_most: '8s' }, { next: 'bye', timeout: 'late' }],
      ['bye', 'exit', { reason: 'nudged' }],
      ['late', 'exit', { reason: 'late' }],
    ], { rules: { overdue: '1d' } });
    while (home.servers.length < 3) await home.start();
    const herd = new Herd(home, dice);

    // People come in, and some do what is hoped for, while servers die.
    const batch = Math.min(1000, Math.ceil(count / 4));
    const tell = async (type, which, name) => {
      for (let from = 0; from < which.length; from += batch)
        await herd.post('/events', { events: which.slice(from, from + batch).map((i) => ({ type, contact_id: contact_of(i), properties: {} })) }, `${name}-${from}`);
    };
    const everybody = Array.from({ length: count }, (_, i) => i);
    const entering = tell('signed_up', everybody, 'in');
    const steps = () => number("select n_tup_ins from pg_stat_user_tables where relname = 'journey_steps' and schemaname = 'postrider'");
    const nudging = (async () => {
      await until('half of them to hope', async () => (await number('select count(*) from messages')) >= count / 2, 170);
      await tell('nudged', everybody.filter((i) => i % 10 === 0), 'nudge');
    })();
    let in_flight = 0;
    const rounds = 12;
    for (let round = 1; round <= rounds; ++round) {
      const target = Math.floor(count * steps_each * (round - 1 + dice()) / rounds);
      await until(`${target} steps`, async () => (await steps()) >= target || (await number("select count(*) from journey_executions where status in ('completed', 'exited')")) === count, 120);
      in_flight = Math.max(in_flight, await number("select count(*) from journey_executions where status in ('active', 'waiting')"));
      await herd.kill_one();
    }
    await entering;
    await nudging;
    await until('everybody to come to the end', async () => (await number("select count(*) from journey_executions where status in ('completed', 'exited')")) === count, 170);
    const seconds = (performance.now() - began) / 1000;
    const rate = await number("select count(*) / extract(epoch from max(left_at) - min(left_at)) from journey_steps");

    await db.query('analyze');

    // Everybody once, and at an end.
    assert.equal(await number('select count(*) from journey_executions'), count);
    assert.equal(await number('select count(distinct contact_id) from journey_executions'), count);
    assert.equal(await number("select count(*) from journey_executions where status <> 'completed' or due_at is not null or held_at is not null or ended_at is null or error is not null"), 0);
    assert.equal(await number('select count(*) from journey_event_waits'), 0);

    // Histories without gaps, by the definition, and as the facts want it.
    assert.equal(await number('select count(*) from (select 1 from journey_steps group by execution_id, visit having count(*) > 1) twice'), 0);
    const { rows: ways } = await db.query(`select way, pro, nudged, count(*)::int as people from (
        select jsonb_agg(jsonb_build_object('visit', s.visit, 'node', s.node_id, 'exit', coalesce(s.exit, ''), 'outcome', s.outcome) order by s.visit) as way,
               c.attributes ->> 'plan' = 'pro' as pro, c.last_name::int % 10 = 0 as nudged, min(e.reason) as reason
        from journey_executions e join contacts c on c.id = e.contact_id join journey_steps s on s.execution_id = e.id group by e.id, c.attributes, c.last_name) each
      group by 1, 2, 3`);
    assert.equal(ways.reduce((sum, each) => sum + each.people, 0), count);
    const { definition } = course;
    for (const { way, pro, nudged } of ways) {
      const told = follow(definition, way);
      const middle = pro ? 'ask true, tag next' : 'ask false, mark next';
      const timed_out = `start next, pause next, ${middle}, say next, rest next, mail next, hope timeout, late`;
      const was_nudged = `start next, pause next, ${middle}, say next, rest next, mail next, hope next, bye`;
      assert.ok(told === timed_out || (nudged && told === was_nudged), told);
      assert.ok(way.every((step) => step.outcome === 'success'));
    }
    assert.equal(await number('select count(*) from journey_executions e join (select execution_id, max(visit) as last from journey_steps group by 1) s on s.execution_id = e.id where e.visit <> s.last'), 0);

    // What was done, was done once.
    assert.equal(await number('select count(*) from messages'), count);
    assert.equal(await number('select count(distinct (source_id, visit)) from messages'), count);
    assert.equal(await number('select count(*) from messages m join journey_steps s on s.execution_id = m.source_id and s.visit::text = m.visit and s.node_id = \'mail\''), count);
    assert.deepEqual(sink.doubled(), [], 'nobody got a mail twice');
    const events = async (type) => [await number('select count(*) from marketing_events where event_type = $1', [type]), await number('select count(distinct contact_id) from marketing_events where event_type = $1', [type])];
    for (const type of ['signed_up', 'was_seen', 'journey_entered', 'journey_exited']) assert.deepEqual(await events(type), [count, count], type);
    assert.equal((await events('journey_step_completed'))[0], await number('select count(*) from journey_steps'));
    assert.equal(await number("select count(*) from contacts where tags <> jsonb_build_array(attributes ->> 'plan')"), 0);
    assert.equal(await number("select count(*) from jobs where queue = 'journeys'"), 0);

    const passed = await number('select count(*) from journey_executions where reason = \'nudged\'');
    console.log(`# ${count} people, ${await number('select count(*) from journey_steps')} steps, ${herd.kills} kills (seed ${seed}), at most ${in_flight} in flight when one died, ${passed} nudged in time, ` +
                `${sink.accepted.length} mails accepted so far, ${seconds.toFixed(1)} s to the last end, ${Math.round(rate)} steps/s`);
  } finally {
    await db.end();
    await home.end();
    await sink.stop();
  }
});
