// Journeys: how late people are looked at when 100,000 are due within a minute and a broadcast runs beside them, what a step costs, and what a
// million who only wait cost.
import { hr, sleep } from './peers/lib/bench.mjs';
import { Postrider, tenant, until } from './postrider.mjs';
import { counting_sink } from './smtp_sink.mjs';

const definition = {
  nodes: [
    { id: 'start', kind: 'trigger', settings: { on: 'event', event: 'signed_up' }, exits: { next: 'pause' } },
    { id: 'pause', kind: 'wait', settings: { duration: '1d' }, exits: { next: 'read' } },
    { id: 'read', kind: 'condition', settings: { condition: { type: 'event', event: 'email_opened', within: '24h' } }, exits: { true: 'tag', false: 'rest' } },
    { id: 'tag', kind: 'action', settings: { act: 'add_tag', tag: 'reader' }, exits: { next: 'rest' } },
    { id: 'rest', kind: 'wait', settings: { duration: '3d' }, exits: { next: 'bye' } },
    { id: 'bye', kind: 'exit' },
  ],
  rules: { overdue: '10d' },
};
const steps_each = 2.5;   // pause and read; every second has opened something and is tagged

async function active_journey(p, name) {
  const made = await p.post('/journeys', { name, definition });
  await p.post(`/journeys/${made.id}/activate`);
  return made.id;
}

// People who wait at `pause`, due evenly over so many seconds, beginning in `begin` seconds.
async function waiting(p, journey, { count, contacts, key, begin, over }) {
  await p.db.query(`insert into journey_executions (tenant_id, id, journey_id, version, contact_id, entry_key, status, node_id, visit, due_at, arrived_at, entered_at, variables, event, goals, updated_at)
    select $1::uuid, md5($3 || i)::uuid, $2::uuid, 1, md5('c' || 1 + i % $5)::uuid, $3 || i, 'waiting', 'pause', 2, due, due - interval '1 day', due - interval '1 day', '{}', '{}', '[]', due - interval '1 day'
    from generate_series(0, $4 - 1) i, lateral (select now() + make_interval(secs => $6::float8 + $7::float8 * i / $4) as due) x`, [tenant, journey, key, count, contacts, begin, over]);
  await p.db.query(`insert into journey_steps (tenant_id, execution_id, visit, journey_id, version, node_id, kind, exit, outcome, arrived_at, left_at, trace)
    select tenant_id, id, 1, journey_id, 1, 'start', 'trigger', 'next', 'success', entered_at, entered_at, '{}' from journey_executions where tenant_id = $1 and journey_id = $2 and starts_with(entry_key, $3)`, [tenant, journey, key]);
}

async function opened_by_every_second(p, count) {
  await p.db.query(`insert into marketing_events (tenant_id, event_id, event_type, contact_id, payload, occurred_at, created_at)
    select $1::uuid, md5('o' || i)::uuid, 'email_opened', md5('c' || i)::uuid, '{}', now(), now() from generate_series(1, $2, 2) i`, [tenant, count]);
}

// Until the consumers have taken in what the preparations told.
const at_rest = (p) => until('the consumers to have seen all events', async () =>
  (await p.db.query('select 1 from consumers where (position_tx, position_seq) < (select tx, seq from marketing_events order by tx desc, seq desc limit 1)')).rowCount === 0);

const moved = (p, journey) => p.db.query("select count(*)::int as n from journey_executions where tenant_id = $1 and journey_id = $2 and version = 1 and node_id = 'rest'", [tenant, journey]).then((r) => r.rows[0].n);

// A share of the histogram in seconds, between the bounds it fell between.
async function delay(p, share) {
  const text = await (await fetch(`${p.url}/metrics`)).text();
  const buckets = [...text.matchAll(/^postrider_journeys_step_delay_seconds_bucket\{.*le="([^"]+)".*\} (\S+)/gm)].map(([, le, n]) => [Number(le === '+Inf' ? Infinity : le), Number(n)]);
  const wanted = share * buckets.at(-1)[1];
  let [low, below] = [0, 0];
  for (const [le, n] of buckets) {
    if (n >= wanted) return le === Infinity ? low : low + ((le - low) * (wanted - below)) / Math.max(1, n - below);
    [low, below] = [le, n];
  }
  return NaN;
}

async function due_while_a_broadcast_runs(b, quick) {
  const count = quick ? 20_000 : 100_000;
  const over = quick ? 12 : 60;
  const people = quick ? 100_000 : 400_000;
  const port = 52726;
  const result = await b.measure({
    workload: 'journeys: due within a minute', peer: 'postrider', variant: 'beside a broadcast', unit: 'steps/s', reps: 1,
    prepare: async () => {
      const p = await Postrider.start(b, 'bench_journeys');
      await p.people(people);
      await opened_by_every_second(p, count);
      const segment = await p.segment({ type: 'attribute', field: 'email', operator: 'exists' });
      const template = await p.post('/templates', { name: 'Letter', channel: 'email', subject: 'News', html_body: '<p>Hello {{ contact.first_name }}</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>' });
      const provider = await p.post('/providers', { name: 'Sink', kind: 'smtp', settings: { host: '127.0.0.1', port, security: 'none', max_connections: 10 } });
      const sender = await p.post('/senders', { from_email: 'news@sender.test', from_name: 'News', provider_id: provider.id, verified: true });
      const campaign = await p.post('/campaigns', { name: 'Bench', type: 'broadcast', segment_ids: [segment.id], template_id: template.id, sender_id: sender.id });
      const journey = await active_journey(p, 'Bench');
      const sink = await counting_sink(port);
      b.extraRoots = { server: p.pid, sink: sink.pid };
      await at_rest(p);
      await p.db.query('vacuum analyze');
      await p.db.query('checkpoint');
      return { p, campaign, journey, sink };
    },
    run: async ({ p, campaign, journey, sink }) => {
      await waiting(p, journey, { count, contacts: count, key: 'due', begin: 20, over });
      await p.post(`/campaigns/${campaign.id}/launch`);
      await until('the first to be due', async () => (await moved(p, journey)) > 0);
      const t0 = hr();
      const mails = sink.count();
      await until('all of them to have gone on', async () => { await sleep(500); return (await moved(p, journey)) === count; }, 400);
      const ms = hr() - t0;
      return { ops: count * steps_each, ms, mails_per_second: ((sink.count() - mails) * 1000) / ms, broadcast_running: sink.count() < people ? 1 : 0,
               p50: (await delay(p, 0.5)) * 1000, p99: (await delay(p, 0.99)) * 1000 };
    },
    cleanup: async ({ p, sink }) => {
      b.extraRoots = {};
      await p.stop();
      await sink.stop();
    },
  });
  return { result, count, over };
}

// How fast a crowd is worked off, and what those cost who wait beside it for another day.
async function crowd(b, quick, rows) {
  const crowds = quick ? 10_000 : 50_000;
  const contacts = 100_000;
  const seconds = quick ? 5 : 20;
  const p = await Postrider.start(b, 'bench_waiting');
  await p.people(contacts);
  await opened_by_every_second(p, contacts);
  const journey = await active_journey(p, 'Bench');
  await at_rest(p);
  await p.db.query('vacuum analyze');
  await p.db.query('checkpoint');
  b.extraRoots = { server: p.pid };
  const idle = (variant) => b.measure({ workload: 'journeys: idle', peer: 'postrider', variant, unit: 's', reps: 1, run: async () => { await sleep(seconds * 1000); return { ops: seconds, ms: seconds * 1000 }; } });
  const nobody = await idle('nobody waits');
  const rates = [];
  let there = 0;
  let many = null;
  for (const target of [10_000, quick ? 100_000 : 1_000_000]) {
    await waiting(p, journey, { count: target - there, contacts, key: `far${target}_`, begin: 90 * 86_400, over: 86_400 });
    there = target;
    await p.db.query('vacuum analyze');
    await p.db.query('checkpoint');
    if (target > 10_000) many = await idle(`${target.toLocaleString('en-US')} wait`);
    const drained = await b.measure({
      workload: 'journeys: a crowd due at once', peer: 'postrider', variant: `${target.toLocaleString('en-US')} wait`, unit: 'steps/s', reps: 1,
      run: async () => {
        const already = await moved(p, journey);
        await p.db.query("update journeys set status = 'paused' where id = $1", [journey]);
        await waiting(p, journey, { count: crowds, contacts, key: `crowd${target}_`, begin: 0, over: 0 });
        const t0 = hr();
        await p.post(`/journeys/${journey}/resume`);
        await until('the crowd to go on', async () => { await sleep(100); return (await moved(p, journey)) - already === crowds; });
        return { ops: crowds * steps_each, ms: hr() - t0 };
      },
    });
    rates.push(drained);
    rows.push({ workload: `journeys: ${crowds.toLocaleString('en-US')} due at once while ${target.toLocaleString('en-US')} wait`, unit: 'steps/s', postrider: drained.rate, against: rates.length > 1 ? 'while 10,000 wait' : '',
                other: rates.length > 1 ? rates[0].rate : null, ratio: rates.length > 1 ? drained.rate / rates[0].rate : null, target: rates.length > 1 ? 0.8 : null, lower_is_better: false,
                cpu_us: drained.perOp.server_cpu_us, postgres_cpu_us: drained.perOp.postgres_cpu_us, wal_bytes: drained.perOp.wal_bytes });
  }
  b.extraRoots = {};
  await p.stop();
  const cpu = (r) => r.perOp.server_cpu_us + r.perOp.postgres_cpu_us;
  rows.push({ workload: `journeys: CPU of a second in which ${there.toLocaleString('en-US')} wait`, unit: 'µs', postrider: cpu(many), against: 'nobody waits', other: cpu(nobody), ratio: cpu(many) / cpu(nobody), target: 1.2, lower_is_better: true });
  return rates;
}

export async function journeys({ b, quick, of_peers, best }) {
  const rows = [];
  const { result, count, over } = await due_while_a_broadcast_runs(b, quick);
  rows.push({ workload: `journeys: ${count.toLocaleString('en-US')} due within ${over} s beside a broadcast of ${Math.round(result.extra.mails_per_second)} mails/s, p99 lateness`, unit: 'ms', postrider: result.extra.p99, against: 'limit of the design',
              other: 1000, ratio: result.extra.p99 / 1000, target: 1, lower_is_better: true, p50_ms: result.extra.p50, p99_ms: result.extra.p99 });
  const rates = await crowd(b, quick, rows);
  if (of_peers) {
    const peer = best(await of_peers(b, 'bullmq', /^drain due delayed jobs /));
    if (peer) rows.push({ workload: 'journey steps against delayed jobs', unit: '1/s', postrider: rates[0].rate, against: `BullMQ, due delayed jobs that do nothing`, other: peer.rate, ratio: rates[0].rate / peer.rate, target: null, lower_is_better: false });
  }
  return rows;
}
