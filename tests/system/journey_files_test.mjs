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
