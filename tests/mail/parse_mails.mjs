// Reads the mails that postrider builds with npm mailparser, and checks their signatures with npm mailauth.
// usage: node parse_mails.mjs [path of unit_tests]   (default: build/dev/tests/unit_tests beside this source tree)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { simpleParser } from 'mailparser';

const here = dirname(fileURLToPath(import.meta.url));
const binary = process.argv[2] ?? join(here, '../../build/dev/tests/unit_tests');
const folder = mkdtempSync(join(tmpdir(), 'postrider-mails-'));
execFileSync(binary, ['[write-mails]'], { env: { ...process.env, POSTRIDER_MAIL_FOLDER: folder }, stdio: ['ignore', 'ignore', 'inherit'] });

const records = JSON.parse(readFileSync(join(folder, 'dns.json'), 'utf8'));
const resolver = async (name, type) => {
  if (type === 'TXT' && records[name]) return [[records[name]]];
  throw Object.assign(new Error('no such record'), { code: 'ENOTFOUND' });
};
const lines = (text) => (text || '').replace(/\r\n/g, '\n').replace(/\n+$/, '');
const options = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true };

let mails = 0;
let signatures = 0;
const wrong = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.eml'))) {
  const bytes = readFileSync(join(folder, file));
  const meant = JSON.parse(readFileSync(join(folder, file.replace('.eml', '.json')), 'utf8'));
  const read = await simpleParser(bytes, options);
  const compare = (what, got, want) => {
    if (got !== want) wrong.push(`${file}: ${what} is ${JSON.stringify(got)?.slice(0, 300)} and should be ${JSON.stringify(want)?.slice(0, 300)}`);
  };
  compare('subject', read.subject ?? '', meant.subject);
  compare('name of the sender', read.from.value[0].name, meant.from_name);
  compare('address of the sender', read.from.value[0].address, meant.from_email);
  compare('number of recipients', read.to.value.length, 1);
  compare('name of the recipient', read.to.value[0].name, meant.to_name);
  if (meant.reply_to_name !== null) compare('name for replies', read.replyTo.value[0].name, meant.reply_to_name);
  compare('message id', read.messageId, meant.message_id);
  compare('text', lines(read.text), lines(meant.text));
  compare('html', lines(read.html), lines(meant.html));
  compare('hidden copies', read.bcc, undefined);
  compare('attachments', read.attachments.length, 0);
  mails++;
  if (!bytes.subarray(0, 15).equals(Buffer.from('DKIM-Signature:'))) continue;
  const { results } = await dkimVerify(bytes, { resolver });
  for (const algorithm of ['rsa-sha256', 'ed25519-sha256']) {
    const verdict = results.find((result) => result.algo === algorithm)?.status;
    compare(`${algorithm} signature`, verdict?.result, 'pass');
    compare(`${algorithm} alignment`, verdict?.aligned, 'example.com');
    signatures++;
  }
}
rmSync(folder, { recursive: true });
for (const line of wrong.slice(0, 20)) console.error(line);
console.log(`${mails} mails read, ${signatures} signatures checked, ${wrong.length} differences`);
process.exit(wrong.length === 0 && mails === 1000 && signatures === 400 ? 0 : 1);
