// By hand, with a release build: every page of the console over a million people, 200 campaigns and five million facts about their messages in
// PostgreSQL. Prints how long each page takes until all it asked for is shown and, from PostgreSQL's own plans, what each statement behind it read.
//   POSTRIDER_BINARY=build/release/postrider node tests/console/at_size.mjs [--plans] [--only NAME,NAME] [--keep] [--people N] [--messages N]
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Installation } from '../system/installation.mjs';
import { until } from '../system/patience.mjs';
import { Postgres } from '../system/postgres.mjs';
import { command } from '../system/server.mjs';
import { pagesOf } from './pages.mjs';
import { read, summary } from './plans.mjs';
import { Browser, settled, signIn } from './stage.mjs';

const { values: wish } = parseArgs({ options: {
  plans: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false }, only: { type: 'string' },
  people: { type: 'string', default: '1000000' }, messages: { type: 'string', default: '2000000' }, campaigns: { type: 'string', default: '200' },
} });
const here = dirname(fileURLToPath(import.meta.url));
const limit = 1000;
const email = 'reader@acme.example', password = 'a long enough password';
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (interrupted = true));
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);

const cluster = Postgres.start({
  shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '512MB', fsync: 'off',
  shared_preload_libraries: 'auto_explain', 'auto_explain.log_min_duration': -1, 'auto_explain.log_analyze': 'on', 'auto_explain.log_buffers': 'on',
  'auto_explain.log_format': 'json', 'auto_explain.log_timing': 'off',
});
const home = await Installation.bare('postgres', cluster);
const database = /\/([^/?]+)\?/.exec(home.place.database)[1];
const query = (text) => cluster.query(database, text);

// One part of at_size.sql. What is no constraint is indexed when all is there, as a restored backup would be.
async function fill(part, values) {
  const text = readFileSync(join(here, 'at_size.sql'), 'utf8').split(/^-- part: /m).find((one) => one.startsWith(`${part}\n`)).slice(part.length);
  const indexes = await query(`select format('%I', c.relname) as name, pg_get_indexdef(i.indexrelid) as text from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    where t.relnamespace = current_schema()::regnamespace and not i.indisunique and not t.relispartition`);
  await query(indexes.map((one) => `drop index ${one.name};`).join('\n'));
  await query(`set synchronous_commit = off; set work_mem = '256MB'; ${text.replaceAll(/:(\w+)\b(?<!::\w+)/g, (whole, name) => (name in values ? values[name] : whole))}`);
  for (const one of indexes) await query(`set maintenance_work_mem = '512MB'; ${one.text.replace(' ON ONLY ', ' ON ')}`);
}

async function build() {
  const from = performance.now();
  const values = { now: `'${new Date().toISOString()}'`, contacts: wish.people, messages: wish.messages, campaigns: wish.campaigns };
  values.tenant = `'${(await query('select id from tenants'))[0].id}'::uuid`;
  await fill('people', values);
  await query('vacuum (analyze)');
  console.log(`${seconds(from)} s: people`);
  command(['user', 'create', '--email', email, '--role', 'owner', '--database', home.place.database, '--secret-file', home.place.secret, '--state-dir', home.place.state], { input: `${password}\n` });
  const server = await home.start();
  const template = await home.template();
  const sender = await home.sender(9);
  const everybody = await home.segment(undefined, undefined, 300);
  const pro = await home.segment({ and: [{ type: 'attribute', field: 'attributes.plan', operator: 'equals', value: 'pro' }, { type: 'tag', tag: 'customer' }] }, 'Customers on pro', 300);
  await home.people(200, 'imported.example');
  const draft = await home.api.post('/campaigns', { name: 'The next letter', type: 'broadcast', segment_ids: [everybody.id], exclude_segment_ids: [pro.id], template_id: template.id, sender_id: sender.id });
  await server.stop();
  await fill('sending', { ...values, draft: `'${draft.id}'` });
  await query('vacuum (analyze)');
  console.log(`${seconds(from)} s: campaigns, messages, facts`);
  for (const table of ['contacts', 'campaigns', 'messages', 'message_events', 'marketing_events', 'segment_memberships', 'audit_logs', 'suppressions', 'jobs'])
    console.log(`  ${table}: ${(await query(`select count(*) from ${table}`))[0].count}`);
  await query(`alter database ${database} set auto_explain.log_min_duration = ${wish.plans ? 0 : -1}`);
}

// The states of lists that somebody gets to in a second: filtered, searched, sorted.
function further(pages) {
  const segment = pages.segment.split('/').at(-1);
  const contact = pages.contact.split('/').at(-1);
  return {
    'contacts-search': '/contacts?search=katya', 'contacts-search-one': '/contacts?search=person4711', 'contacts-tag': '/contacts?tag=vip', 'contacts-segment': `/contacts?segment=${segment}`,
    'contacts-by-address': '/contacts?sort=email', 'messages-failed': '/messages?status=failed', 'messages-uncertain': '/messages?status=uncertain', 'messages-sms': '/messages?channel=sms',
    'campaign-messages-failed': `${pages['campaign-messages']}&status=failed`, 'events-clicked': '/events?type=email_clicked', 'events-rare': '/events?type=contact_updated', 'events-contact': `/events?contact=${contact}`,
    'audit-campaigns': '/audit?entity_type=campaign', 'audit-nothing': '/audit?entity_type=segment', 'audit-one': `/audit?entity_type=contact&entity_id=${contact}`, 'suppressions-reason': '/suppressions?reason=complaint',
    'suppressions-one': '/suppressions?email_address=person25@domain25.example', 'campaigns-draft': '/campaigns?status=draft', 'jobs-webhooks': '/jobs?queue=webhooks',
  };
}

const browser = await Browser.start();
try {
  await build();
  const server = await home.start();
  if (wish.keep) console.log(`${server.url} ${home.place.database} ${email} ${password}`);
  const page = await browser.reader();
  const log = join(cluster.folder, 'server.log');
  const slow = [];
  // `goes` are the ways to it, timed one after the other; only the first finds nothing that was kept for it.
  const time = async (name, goes) => {
    const times = [];
    const answers = new Map();
    let from = 0;
    let answered = 0;
    const note = (request) => {
      const { pathname, search } = new URL(request.url());
      const path = (pathname.slice(7) + search).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID');
      if (pathname.startsWith('/api/')) answers.set(path, Math.max(answers.get(path) ?? 0, request.timing().responseEnd));
      if (pathname.startsWith('/api/')) answered = performance.now();
    };
    page.on('requestfinished', note);
    const offset = readFileSync(log).length;
    for (const go of goes) {
      from = answered = performance.now();
      await go();
      await settled(page);
      const shown = performance.now();
      await page.waitForLoadState('networkidle', { timeout: 4000 }).catch(() => undefined); // a stream of events never is
      times.push(Math.round(Math.max(shown, answered) - from));
    }
    page.off('requestfinished', note);
    const slowest = [...answers].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([path, took]) => `${path} ${Math.round(took)}`);
    console.log(`${times[0] > limit ? 'SLOW ' : '     '}${name.padEnd(26)} ${times.map((one) => `${String(one).padStart(6)} ms`).join(', again')}   ${slowest.join(', ')}`);
    if (times[0] > limit) slow.push(name);
    if (wish.plans) for (const line of summary(read(readFileSync(log).subarray(offset).toString(), join(here, '../../sql')))) console.log(`       ${line}`);
  };
  await time('sign-in and home', [() => signIn(page, server.url, email, password)]);
  const known = await pagesOf(page);
  const pages = { ...known, ...further(known) };
  const names = wish.only ? Object.keys(pages).filter((name) => wish.only.split(',').some((part) => name.startsWith(part))) : Object.keys(pages);
  for (const name of names) {
    if (interrupted) break;
    const go = async () => {
      await page.goto('about:blank');
      await page.goto(server.url + pages[name], { waitUntil: 'commit' });
    };
    await time(name, [go, go]);
  }
  console.log(slow.length ? `slower than ${limit} ms: ${slow.join(', ')}` : `every page shows all it has within ${limit} ms`);
  if (page.trouble.length) console.log(`trouble: ${page.trouble.join('; ')}`);
  if (wish.keep) await until('the end (interrupt it)', () => interrupted, 7200);
  process.exitCode = slow.length ? 1 : 0;
} finally {
  await browser.stop();
  await home.end();
  cluster.stop();
}
