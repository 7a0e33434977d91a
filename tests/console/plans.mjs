// What auto_explain wrote into PostgreSQL's log, by the names that statements have in sql/.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const plain = (text) => text.replaceAll(/--[^\n]*/g, ' ').replaceAll(/\s+/g, ' ').replace(/;\s*$/, '').trim();

function names(folder) {
  const all = new Map();
  for (const file of readdirSync(folder).filter((one) => one.endsWith('.sql') && !one.includes('.sqlite.')))
    for (const part of readFileSync(join(folder, file), 'utf8').split(/^-- name: /m).slice(1)) {
      const [name] = part.split('\n', 1);
      all.set(plain(part.slice(name.length)), `${file.split('.')[0]}.${name.trim()}`);
    }
  return all;
}

// Every node that reads a table, with how many rows it took from it and threw away.
function* scans(node) {
  if (node['Relation Name'] ?? node['Index Name']) {
    const loops = node['Actual Loops'] ?? 1;
    yield { what: node['Node Type'], table: node['Relation Name'] ?? node['Index Name'], index: node['Index Name'],
            rows: Math.round(((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) * loops) };
  }
  for (const part of node.Plans ?? []) yield* scans(part);
}

export function read(log, folder) {
  const known = names(folder);
  const all = [];
  for (const part of log.split(/duration: /).slice(1)) {
    const at = part.indexOf('{');
    const end = part.lastIndexOf('\n\t}');
    if (at < 0 || end < at || !part.slice(0, at).includes('plan:')) continue;
    let plan;
    try {
      plan = JSON.parse(part.slice(at, end + 3));
    } catch {
      continue;
    }
    const text = plain(plan['Query Text']);
    all.push({ name: known.get(text) ?? text.slice(0, 90), took: Number.parseFloat(part), buffers: (plan.Plan['Shared Hit Blocks'] ?? 0) + (plan.Plan['Shared Read Blocks'] ?? 0), scans: [...scans(plan.Plan)] });
  }
  return all;
}

// One line a statement, the one that read most first; statements of background work included, since they cannot be told apart.
export function summary(plans, least = 500) {
  const all = new Map();
  for (const plan of plans) {
    const most = plan.scans.reduce((most, scan) => (scan.rows > (most?.rows ?? -1) ? scan : most), null);
    const before = all.get(plan.name);
    if (!before || (most?.rows ?? 0) > (before.most?.rows ?? 0)) all.set(plan.name, { ...plan, most });
  }
  return [...all.values()].filter((plan) => (plan.most?.rows ?? 0) >= least || plan.took > 50).sort((a, b) => (b.most?.rows ?? 0) - (a.most?.rows ?? 0))
    .map((plan) => `${plan.name}: ${plan.took.toFixed(1)} ms, ${plan.buffers} pages, ${plan.most ? `${plan.most.what} of ${plan.most.table}${plan.most.index ? ` by ${plan.most.index}` : ''} reads ${plan.most.rows} rows` : 'no table'}`);
}
