// Journeys in files, before any server sees them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const validate = (...args) => spawnSync(process.env.POSTRIDER_BINARY, ['journey', 'validate', ...args], { encoding: 'utf8' });

test('a journey in a file is said to hold together, or what is wrong with it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postrider-journey-'));
  try {
    const file = join(folder, 'welcome.json');
    const nodes = [
      { id: 'start', kind: 'trigger', settings: { on: 'event', event: 'signed_up' }, exits: { next: 'pause' } },
      { id: 'pause', kind: 'wait', settings: { duration: '2d' }, exits: { next: 'bye' } },
      { id: 'bye', kind: 'exit' },
    ];
    writeFileSync(file, JSON.stringify({ name: 'Welcome', definition: { nodes } }));
    const good = validate(file);
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /3 nodes/);

    nodes[1].exits.next = 'byee';
    nodes[1].settings.duration = 'two days';
    writeFileSync(file, JSON.stringify({ nodes }));
    const bad = validate(file);
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /\/nodes\/1\/settings\/duration: node 'pause'/);
    assert.match(bad.stdout, /\/nodes\/1\/exits\/next: node 'pause': there is no node 'byee'/);
    assert.match(bad.stderr, /2 mistakes/);

    writeFileSync(file, '{"nodes": [');
    assert.equal(validate(file).status, 1);
    assert.equal(validate(join(folder, 'absent.json')).status, 1);
    assert.equal(validate().status, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const run = (env, ...args) => spawnSync(process.env.POSTRIDER_BINARY, ['journey', ...args], { encoding: 'utf8', env: { ...process.env, ...env } });

const nodes = () => [
  { id: 'start', kind: 'trigger', settings: { on: 'event', event: 'signed_up' }, exits: { next: 'pause' } },
  { id: 'pause', kind: 'wait', settings: { duration: '2d' }, exits: { next: 'read' } },
  {
    id: 'read',
    kind: 'condition',
    settings: { condition: { type: 'event', event: 'email_opened', within: '24h' } },
    exits: { true: 'tag', false: 'bye' },
  },
  { id: 'tag', kind: 'action', settings: { act: 'add_tag', tag: 'reader' }, exits: { next: 'bye' } },
  { id: 'bye', kind: 'exit', settings: { reason: 'done' } },
];

test('a journey in a file is simulated, the same for the same seed, and compared with another', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postrider-journey-'));
  try {
    const file = join(folder, 'welcome.json');
    const other = join(folder, 'other.json');
    const scenario = join(folder, 'scenario.json');
    writeFileSync(file, JSON.stringify({ name: 'Welcome', definition: { nodes: nodes() } }));
    const impatient = nodes();
    impatient[1].settings.duration = '1h';
    writeFileSync(other, JSON.stringify({ nodes: impatient }));
    writeFileSync(
      scenario,
      JSON.stringify({
        from: '2026-03-02T00:00:00Z',
        population: { events: [{ event: 'email_opened', per_day: 0.5 }] },
      }),
    );
    const args = ['simulate', file, '--scenario', scenario, '--people', '2000', '--json'];
    const once = run({}, ...args);
    assert.equal(once.status, 0, once.stderr);
    assert.equal(run({}, ...args).stdout, once.stdout);
    assert.notEqual(run({}, ...args, '--seed', '2').stdout, once.stdout);
    const report = JSON.parse(once.stdout);
    assert.equal(report.entered, 2000);
    assert.equal(report.completed.done, 2000);
    // One in 1 - e^-0.5 does something in a day.
    const read = report.nodes.find(({ node }) => node === 'read');
    assert.ok(Math.abs(read.left.true - 787) < 80, `${read.left.true}`);
    const both = JSON.parse(run({}, ...args, '--compare', other).stdout);
    assert.deepEqual(both.journey, report);
    // They come in over a day, so that the one who is asked after an hour has had half a day on average.
    const impatientReaders = both.compared_with.nodes.find(({ node }) => node === 'read').left.true;
    assert.ok(impatientReaders > 350 && impatientReaders < 560, `${impatientReaders}`);
    assert.match(run({}, 'simulate', file, '--people', '200').stdout, /read \(condition\): entered 200/);
    const wrong = run({}, 'simulate', file, '--people', '0');
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /\/population\/people/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('scenarios in a file say how a journey must go, and fail when it goes otherwise', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postrider-journey-'));
  try {
    writeFileSync(join(folder, 'welcome.json'), JSON.stringify({ nodes: nodes() }));
    const file = join(folder, 'welcome.test.json');
    const scenarios = [
      {
        name: 'a reader is tagged',
        starts: '2026-03-02T10:00:00Z',
        events: [{ after: '30h', event: 'email_opened' }],
        expect: { path: ['start', 'pause', 'read true', 'tag', 'bye'], status: 'completed', reason: 'done', sent: 0 },
      },
      { name: 'too early does not count', starts: '2026-03-02T10:00:00Z', events: [{ after: '2h', event: 'email_opened' }], expect: { path: ['start', 'pause', 'read false', 'bye'] } },
    ];
    writeFileSync(file, JSON.stringify({ journey: 'welcome.json', scenarios }));
    const good = run({}, 'test', file);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    assert.match(good.stdout, /2 passed, 0 failed/);
    scenarios[1].expect.path[2] = 'read true';
    writeFileSync(file, JSON.stringify({ journey: 'welcome.json', scenarios }));
    const bad = run({}, 'test', file);
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /FAILED: too early does not count\n {2}expected the path \[start, pause, read true, bye\], and it was \[start next, pause next, read false, bye\]/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file is planned, applied, published and exported as it was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postrider-journey-'));
  try {
    const env = {
      POSTRIDER_DATABASE: `sqlite:${join(folder, 'postrider.db')}`,
      POSTRIDER_SECRET_FILE: join(folder, 'secret'),
      POSTRIDER_STATE_DIR: join(folder, 'state'),
    };
    const file = join(folder, 'welcome.json');
    const journey = { name: 'Welcome', description: 'Hello', definition: { nodes: nodes() } };
    const write = () => writeFileSync(file, JSON.stringify(journey));
    write();
    assert.match(run(env, 'plan', file).stdout, /would make the journey 'Welcome'/);
    const made = run(env, 'apply', file, '--publish');
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /published version 1/);
    assert.match(run(env, 'plan', file).stdout, /nothing would change in 'Welcome' \(draft, version 1\)/);
    assert.match(run(env, 'apply', file, '--publish').stdout, /version 1 says the same already/);
    journey.definition.nodes[1].settings.duration = '3d';
    write();
    assert.match(run(env, 'plan', file).stdout, /pause\/settings\/duration: "2d" -> "3d"/);
    assert.match(run(env, 'apply', file, '--publish').stdout, /published version 2/);
    const exported = run(env, 'export', 'Welcome');
    assert.deepEqual(JSON.parse(exported.stdout), journey);
    assert.equal(run(env, 'export', 'Nothing').status, 1);
    journey.definition.nodes[1].exits.next = 'nowhere';
    write();
    assert.match(run(env, 'plan', file).stdout, /problem: \/definition\/nodes\/1\/exits\/next/);
    assert.equal(run(env, 'apply', file, '--publish').status, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
