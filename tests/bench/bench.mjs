// Runs the workloads and prints the table. --quick: small and once; --json FILE: keeps the results; --only a,b: some of them.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Bench, machine } from './peers/lib/bench.mjs';
import * as all from './workloads.mjs';

const { values: asked } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'string' }, only: { type: 'string' } } });
const names = asked.only ? asked.only.split(',') : Object.keys(all);
for (const name of names) if (!all[name]) throw new Error(`there is no workload ${name}; there are ${Object.keys(all).join(', ')}`);

const b = new Bench({
  pgUrl: process.env.PG_URL, redisUrls: { redis_everysec: process.env.REDIS_URL, redis_always: process.env.REDIS_ALWAYS_URL },
  reps: asked.quick ? 1 : 3, quietWaitMs: asked.quick ? 2_000 : 30_000, scale: asked.quick ? 0.2 : 1,
});
const results = [];
const failures = [];
for (const name of names) {
  console.error(`== ${name}`);
  try {
    results.push(...(await all[name]({ b, quick: asked.quick })));
  } catch (error) {
    failures.push(name);
    console.error(`${name} failed: ${error.stack}`);
  }
}

const number = (x) => (x === null || x === undefined ? '' : x >= 100 ? Math.round(x).toLocaleString('en-US') : x.toPrecision(3));
const reached = (r) => (r.target === null ? '' : (r.lower_is_better ? r.ratio <= r.target : r.ratio >= r.target) ? 'yes' : 'no');
const columns = [
  ['workload', (r) => r.workload], ['postrider', (r) => `${number(r.postrider)} ${r.unit}`], ['against', (r) => r.against], ['other', (r) => number(r.other)],
  ['ratio', (r) => number(r.ratio)], ['target', (r) => (r.target === null ? '' : `${r.lower_is_better ? '≤' : '≥'} ${r.target}`)], ['reached', reached],
  ['p50 / p99 ms', (r) => (r.p50_ms === undefined ? '' : `${number(r.p50_ms)} / ${number(r.p99_ms)}`)],
  ['CPU µs: server / PostgreSQL', (r) => (r.cpu_us === undefined ? '' : `${number(r.cpu_us)} / ${number(r.postgres_cpu_us)}`)],
  ['WAL bytes', (r) => number(r.wal_bytes)], ['peak MB', (r) => number(r.peak_rss_mb)],
];
console.log(`| ${columns.map(([head]) => head).join(' | ')} |\n|${columns.map(() => '---').join('|')}|`);
for (const r of results) console.log(`| ${columns.map(([, cell]) => cell(r)).join(' | ')} |`);
if (asked.json) writeFileSync(asked.json, JSON.stringify({ machine: machine(), date: new Date().toISOString(), quick: Boolean(asked.quick), results }, null, 1) + '\n');
if (failures.length > 0) console.error(`failed: ${failures.join(', ')}`);
process.exit(failures.length > 0 ? 1 : 0);
