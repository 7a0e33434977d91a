// A thousand mails that the real server sent through its file provider: random templates, contacts and variables with emoji,
// right-to-left text, endless lines and line breaks in every field. Each is read by npm mailparser and compared with what was
// meant, and its header set is checked. usage: POSTRIDER_BINARY=… node mails_of_server.mjs [seed]
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { Server, command } from '../system/server.mjs';
import { until } from '../system/patience.mjs';

const seed = Number(process.argv[2] ?? 7);
const people = 250;
const letters = 40;
const wanted = 1000;

let state = seed >>> 0;
const below = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 4294967296) * limit);
};
const pick = (list) => list[below(list.length)];
const pieces = ['Ada', 'žluťoučký', '👩‍🚀', '🇮🇹', 'שלום עולם', 'مرحبا', '漢字かな', 'ﷺ', 'e\u0301', '\u202Edrow', '.', '..', '--', '=3D', '=?utf-8?Q?x?=',
  '"quoted"', '<b>', '&amp;', '\'', ';', ',', '@', '\\', 'a'.repeat(998), 'ü'.repeat(600), '\t', '   ', 'From here', 'X-Injected: yes', 'Bcc: all@example.net', '%0d%0a', '\u00ad', '\u2028'];
const breaks = ['\r\n', '\n', '\r', '\r\nBcc: spy@example.net\r\n', '\r\n.\r\n', '\n\nBody', '\r\n\r\n'];
const text = (longest, broken) => {
  let out = '';
  for (let n = below(longest) + 1; n > 0; n--) out += (below(5) === 0 && broken ? pick(breaks) : '') + pick(pieces) + (below(2) ? ' ' : '');
  return out;
};
const short = (made, limit) => [...made].slice(0, limit).join('');

const folder = mkdtempSync(join(tmpdir(), 'postrider-mail-suite-'));
const place = { database: `sqlite:${join(folder, 'db')}`, secret: join(folder, 'secret'), state: join(folder, 'state') };
const mails = join(folder, 'mails');
const options = ['--database', place.database, '--secret-file', place.secret, '--state-dir', place.state];
const key = command(['apikey', 'create', '--name', 'mails', '--role', 'owner', ...options]).trim();
const server = await Server.start(place, { flags: ['--public-url', 'https://mail.acme.example'] });
const wrong = [];
const call = async (method, path, body) => {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  const read = await answer.text();
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${read.slice(0, 600)}`);
  return JSON.parse(read);
};

const provider = await call('POST', '/providers', { name: 'Files', kind: 'file', settings: { directory: mails } });
const sender = await call('POST', '/senders', { from_email: 'news@acme.example', from_name: 'Acme „News“ 📰, Inc.', reply_to: 'help@acme.example', provider_id: provider.id, verified: true });
await call('POST', `/senders/${sender.id}/dkim`, {});
const contacts = [];
for (let i = 0; i < people; i++) {
  const contact = await call('POST', '/contacts', {
    email: `p${i}.o'x+tag@example.net`, first_name: short(text(3, true), 150), last_name: short(text(3, true), 150), attributes: { note: text(6, true), plan: pick(['free', 'pro']) } });
  await call('PUT', `/contacts/${contact.id}/consents/email/marketing`, { status: 'granted', source: 'test' });
  contacts.push(contact);
}
const templates = [];
for (let i = 0; i < letters; i++) {
  const body = text(12, true).replaceAll('{', '').replaceAll('<', '&lt;');
  templates.push(await call('POST', '/templates', {
    name: `Letter ${i}`,
    subject: short(text(3, true), 200) + ' {{ contact.first_name }} {{ variables.word }}',
    html_body: `<!doctype html><html><body><p>${body}</p><p title="{{ contact.attributes.note }}">{{ contact.first_name }} [{{ contact.attributes.note }}] {{ variables.word }}</p>` +
      `<a href="https://acme.example/${i}?c={{ contact.id }}">read</a> <a href="{{ unsubscribe_url }}">bye</a> <a href="{{ view_url }}">view</a></body></html>`,
    ...(i % 3 ? { text_body: `${text(8, true)}\n[{{ contact.attributes.note }}]\n{{ variables.word }}\n{{ unsubscribe_url }}` } : {}) }));
}
const sent = new Map();
for (let i = 0; i < wanted; i++) {
  const contact = pick(contacts);
  const word = text(4, true);
  const purpose = i % 2 ? 'marketing' : 'transactional';
  const message = await call('POST', '/messages', { contact_id: contact.id, template_id: pick(templates).id, variables: { word }, purpose, tracking: i % 4 < 2 });
  sent.set(message.id, { contact, word, purpose, tracking: i % 4 < 2, message });
}
const files = () => { try { return readdirSync(mails).filter((name) => name.endsWith('.eml')); } catch { return []; } };
await until(`${wanted} mails to be written`, () => files().length >= wanted, 240);
await until('the ledger to say so', async () => (await call('GET', '/messages?status=queued&limit=1')).items.length + (await call('GET', '/messages?status=sending&limit=1')).items.length === 0, 60);

const lines = (written) => (written ?? '').replace(/\r\n?/g, '\n').replace(/[\n ]+$/, '');
const one = (written) => (written ?? '').replace(/[\u0000-\u0020\u007f\u0085\u2028\u2029]+/g, ' ').trim();
for (const file of files()) {
  const bytes = readFileSync(join(mails, file));
  const id = file.replace('.eml', '');
  const meant = sent.get(id);
  const compare = (what, got, want) => {
    if (got !== want) wrong.push(`${file}: ${what} is ${JSON.stringify(got)?.slice(0, 200)} and should be ${JSON.stringify(want)?.slice(0, 200)}`);
  };
  const holds = (what, good) => { if (!good) wrong.push(`${file}: ${what}`); };
  holds('it is a message that was asked for', meant);
  if (!meant) continue;
  const content = await call('GET', `/messages/${id}/content`);
  const read = await simpleParser(bytes, { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true });
  const header = (name) => read.headerLines.filter((line) => line.key === name).map((line) => line.line.replace(/\r?\n(?=[ \t])/g, '').replace(/^[^:]*:\s*/, ''));
  const only = (name) => { compare(`number of ${name} fields`, header(name).length, 1); return header(name)[0] ?? ''; };

  compare('subject', one(read.subject), one(content.subject));
  holds('the subject holds the word', one(read.subject).includes(one(meant.word)) || one(meant.word) === '');
  compare('sender', read.from.value[0].address, 'news@acme.example');
  compare('sender name', read.from.value[0].name, 'Acme „News“ 📰, Inc.');
  compare('number of recipients', read.to.value.length, 1);
  compare('recipient', read.to.value[0].address, meant.contact.email);
  compare('reply address', read.replyTo.value[0].address, 'help@acme.example');
  for (const foreign of ['bcc', 'cc', 'x-injected']) compare(foreign, header(foreign).length, 0);
  compare('attachments', read.attachments.length, 0);
  if (content.text) compare('text', lines(read.text), lines(content.text));
  // Tracking writes other addresses; the words stay.
  const bare = (html) => lines(html).replace(/href="[^"]*"/g, 'href=""').replace(/<img src="https:\/\/mail\.acme\.example\/o\/[^>]*>/, '');
  compare('html', bare(read.html), bare(content.html));
  compare('open pixels', (read.html.match(/\/o\/[\w-]+\.gif/g) ?? []).length, meant.tracking ? 1 : 0);
  compare('tracked links', (read.html.match(/https:\/\/mail\.acme\.example\/c\/[\w-]+/g) ?? []).length, meant.tracking ? 1 : 0);

  holds('a date', !Number.isNaN(Date.parse(only('date'))));
  holds('a message id of ours', only('message-id').includes(id));
  holds('a feedback id of four parts', only('feedback-id').split(':').length === 4);
  holds('a signature', only('dkim-signature').includes('d=acme.example'));
  if (meant.purpose === 'marketing') {
    holds('a way out by https', /<https:\/\/mail\.acme\.example\/u\/[\w-]+>/.test(only('list-unsubscribe')));
    compare('one-click', only('list-unsubscribe-post'), 'List-Unsubscribe=One-Click');
    holds('a list id', /<[\w.-]+\.acme\.example>/.test(only('list-id')));
    holds('the signature covers the way out', /[:=\s]list-unsubscribe-post/i.test(header('dkim-signature')[0] ?? ''));
  } else {
    compare('ways out of a receipt', header('list-unsubscribe').length, 0);
  }
  const raw = bytes.toString('latin1');
  holds('no line over 998 bytes', raw.split('\r\n').every((line) => line.length <= 998));
  holds('no bare CR or LF', !/\r(?!\n)|(?<!\r)\n/.test(raw));
}
const after = await call('GET', '/messages?limit=500');
await server.stop();
rmSync(folder, { recursive: true });
for (const line of wrong.slice(0, 25)) console.error(line);
console.log(`${files.length === undefined ? 0 : sent.size} mails sent and read, ${wrong.length} differences (seed ${seed}), ${after.items.filter((m) => m.status !== 'sent').length} not sent`);
process.exit(wrong.length === 0 && sent.size === wanted ? 0 : 1);
