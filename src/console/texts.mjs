// Writes every text of the console to src/texts/en.json: the list that a translator starts from. With --check it only says whether
// the list is up to date.
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = new URL('./src/', import.meta.url).pathname;
const found = new Set();
for (const name of readdirSync(folder, { recursive: true }).filter((one) => /\.tsx?$/.test(one))) {
  const source = readFileSync(join(folder, name), 'utf8');
  const text = '"((?:[^"\\\\]|\\\\.)*)"';
  for (const [, one] of source.matchAll(new RegExp(`\\bt\\(\\s*${text}`, 'g'))) found.add(JSON.parse(`"${one}"`));
  for (const [, one, many] of source.matchAll(new RegExp(`\\btn\\(\\s*${text},\\s*${text}`, 'g'))) for (const form of [one, many]) found.add(JSON.parse(`"${form}"`));
}
const list = `${JSON.stringify(Object.fromEntries([...found].sort().map((one) => [one, one])), null, 1)}\n`;
const path = join(folder, 'texts', 'en.json');
if (process.argv.includes('--check')) {
  let kept = '';
  try {
    kept = readFileSync(path, 'utf8');
  } catch {
    // there is none yet
  }
  if (kept !== list) {
    console.error('src/console/src/texts/en.json is old: npm --prefix src/console run texts');
    process.exit(1);
  }
} else {
  mkdirSync(join(folder, 'texts'), { recursive: true });
  writeFileSync(path, list);
  console.log(`${found.size} texts`);
}
