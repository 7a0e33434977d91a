// What is true of the console's sources without a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const sources = new URL('../../src/console/', import.meta.url).pathname;

test('every text of the console is in the list for translators', () => {
  execFileSync(process.execPath, [`${sources}texts.mjs`, '--check'], { stdio: 'inherit' });
});

test('no lock file names a registry', () => {
  for (const lock of [`${sources}package-lock.json`, new URL('package-lock.json', import.meta.url).pathname]) assert.ok(!readFileSync(lock, 'utf8').includes('"resolved"'), lock);
});
