// Every fail point of the binary, made to crash and made to fail, in work that reaches it. Afterwards a sound server finishes all of it:
// nothing is stuck, no message reached the sink twice, every report adds up. A point that no work reaches fails by name.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Installation, databases, end_states, postgres } from './installation.mjs';
import { ended, journey, stories } from './journeys.mjs';
import { binary, command } from './server.mjs';
import { SmtpSink } from './smtp_sink.mjs';
import { until } from './patience.mjs';

const points = spawnSync(binary, ['--list-fail-points'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
const people = 4;
const flags = ['--allowed-networks', '127.0.0.0/8'];  // sinks listen here

// Takes every post of SendGrid's mail address.
async function sendgrid() {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(202, { 'x-message-id': 'sg' }).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

// What an installation is made to do; each piece of work is new, and remembered for the end.
class Work {
  campaigns = [];   // { id, sink }
  written = [];     // { key, email }
  travellers = [];  // addresses
  number = 0;

  static async start(kind) {
    const self = new Work();
    self.sink = await SmtpSink.start();
    self.sink.keep = true;
    self.sendgrid = await sendgrid();
    self.home = await Installation.make(kind, { flags });
    const { home } = self;
    await home.people(people);
    self.segment = await home.segment({ type: 'attribute', field: 'email', operator: 'ends_with', value: '@example.net' });
    self.template = await home.template();
    const sender = async (name, kind_of_provider, settings) => {
      const provider = await home.api.post('/providers', { name, kind: kind_of_provider, settings });
      return home.api.post('/senders', { from_email: `${kind_of_provider}@acme.example`, from_name: 'Acme', provider_id: provider.id, verified: true });
    };
    self.smtp = await home.sender(self.sink.port);
    self.file = await sender('Files', 'file', { directory: join(home.folder, 'mails') });
    self.post = await sender('SendGrid', 'sendgrid', { api_key: 'SG.good', base_url: `http://127.0.0.1:${self.sendgrid.address().port}` });
    self.journey = await journey(home.api, 'Hook', [
      ['start', 'trigger', { on: 'event', event: 'signed_up' }, 'tell'],
      ['tell', 'action', { act: 'webhook', url: `http://127.0.0.1:${self.sendgrid.address().port}/hook`, body: {} }, 'bye'],
      ['bye', 'exit', { reason: 'done' }],
    ]);
    await self.broadcast(self.smtp);
    await home.completed(self.campaigns[0], 60);
    const mail = self.sink.accepted[0].mail.toString('latin1').replace(/=\r\n/g, '').replace(/=3D/g, '=');
    self.pixel = /http[^"\s]*(\/o\/[^"\s]+\.gif)/.exec(mail)[1];
    await home.servers[0].stop();
    return self;
  }

  // The work that comes by a point of that name.
  for(point) {
    const ways = {
      'idempotency.': () => this.write(),
      'import.undo': () => this.undo(),
      'import.': () => this.bring(),
      'segments.': () => this.home.api.post(`/segments/${this.segment.id}/recalculate`),
      'jobs.': () => this.home.api.post(`/segments/${this.segment.id}/recalculate`),
      'campaigns.': () => this.broadcast(this.smtp),
      'sending.': () => this.broadcast(this.smtp),
      'smtp.': () => this.broadcast(this.smtp),
      'journal.': () => this.broadcast(this.smtp),
      'sendgrid.': () => this.broadcast(this.post),
      'file.': () => this.broadcast(this.file),
      'journeys.': () => this.travel(),
      'ingest.': () => fetch(this.home.api.url + this.pixel, { headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' } }),
    };
    const found = Object.keys(ways).find((prefix) => point.startsWith(prefix));
    return found && ways[found];
  }

  async write() {
    const wanted = { key: `key-${++this.number}`, email: `written${this.number}@example.org` };
    this.written.push(wanted);
    await this.write_once(wanted);
  }
  write_once({ key, email }) {
    return this.home.api.call('POST', '/contacts', { email }, { 'idempotency-key': key });
  }
  async travel() {
    const email = `traveller${++this.number}@example.org`;
    await this.home.api.post('/contacts', { email });
    await this.home.api.post('/events', { events: [{ type: 'signed_up', email }] });
    this.travellers.push(email);
  }
  async bring() {
    const n = ++this.number;
    return this.home.api.post('/imports?commit=true', `email\na${n}@example.com\nb${n}@example.com\n`, { 'content-type': 'text/csv' });
  }
  async undo() {
    const started = await this.bring();
    await until('the import to end', async () => (await this.home.api.get(`/imports/${started.id}`)).status === 'completed');
    await this.home.api.post(`/imports/${started.id}/undo`);
  }
  async broadcast(sender) {
    const campaign = await this.home.api.post('/campaigns', { name: 'Broadcast', type: 'broadcast', segment_ids: [this.segment.id], template_id: this.template.id, sender_id: sender.id });
    this.campaigns.push({ id: campaign.id, at_sink: sender === this.smtp });
    await this.home.api.post(`/campaigns/${campaign.id}/launch`);
  }

  // A server that breaks there; true when it came by. What it was asked may fail in any way.
  async break_at(point, action) {
    const told = `fail point ${point}: ${action}`;
    let server;
    try {
      server = await this.home.start({ flags, environment: { POSTRIDER_FAIL_POINTS: `${point}=${action}` } });
    } catch (error) {
      if (String(error).includes(told)) return true;  // on its way up
      throw error;
    }
    const asked = this.for(point)().catch(() => {});
    // An event consumer of a server that died is another's once its lease is over.
    const reached = await until(point, () => server.log.includes(told) || server.exit, 45).catch(() => false);
    if (reached && action === 'abort') assert.equal((await server.ended).signal, 'SIGABRT', `${point} ends the server`);
    if (action === 'error') assert.equal(server.exit, undefined, `an error at ${point} does not end the server: ${server.log.slice(-2000)}`);
    await server.kill();
    await asked;
    return server.log.includes(told);
  }

  async end() {
    await this.home.end();
    await this.sink.stop();
    this.sendgrid.closeAllConnections();
    await new Promise((resolve) => this.sendgrid.close(resolve));
  }
}

// A migration that breaks there is taken up again by the next one.
async function migration_breaks(kind, point, action) {
  const folder = mkdtempSync(join(tmpdir(), 'postrider-migration-'));
  try {
    const place = ['--database', kind === 'sqlite' ? `sqlite:${join(folder, 'new.db')}` : await postgres().database(), '--secret-file', join(folder, 'secret')];
    const broken = spawnSync(binary, ['migrate', ...place], { encoding: 'utf8', env: { ...process.env, POSTRIDER_FAIL_POINTS: `${point}=${action}` } });
    assert.equal(broken.signal, action === 'abort' ? 'SIGABRT' : null);
    if (action === 'error') assert.equal(broken.status, 1, broken.stderr);
    command(['migrate', ...place]);
    command(['apikey', 'create', '--name', 'x', '--role', 'owner', ...place]);
    return broken.stderr.includes(`fail point ${point}: ${action}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function check(work) {
  const { home, sink } = work;
  const { api } = home;
  let open = [];
  const all_ended = async () => {
    const campaigns = (await api.all('/campaigns')).filter(({ status }) => status !== 'completed' && status !== 'draft');
    const imports = (await api.all('/imports')).filter(({ status, phase }) => status === 'running' && phase !== 'receiving');  // those never had an answer
    open = [...campaigns, ...imports];
    return open.length === 0;
  };
  try {
    await until('all that was begun to end', all_ended, 120);
  } catch (error) {
    for (const one of open) console.log('# still open:', JSON.stringify(one), one.segment_ids ? JSON.stringify((await api.all(`/messages?campaign_id=${one.id}`)).map((m) => [m.status, m.skip_reason, m.attempt_count, m.scheduled_at])) : '');
    console.log('# dead jobs:', JSON.stringify((await api.get('/jobs/dead')).items), 'jobs:', JSON.stringify((await api.get('/jobs')).items.filter((job) => job.state !== 'done').slice(0, 10)));
    console.log(work.home.servers.at(-1).log.slice(-3000));
    throw error;
  }
  const handed_over = new Map();
  for (const { id } of sink.accepted) handed_over.set(id.split('@')[0], (handed_over.get(id.split('@')[0]) ?? 0) + 1);
  assert.deepEqual([...handed_over].filter(([, times]) => times > 1), [], 'no message reached the sink twice');
  let uncertain = 0;
  for (const { id, at_sink } of work.campaigns) {
    if ((await api.get(`/campaigns/${id}`)).status === 'draft') continue;
    const report = await home.report({ id });
    assert.equal(report.audience, people, JSON.stringify(report));
    assert.equal(end_states(report), people, 'the report adds up');
    assert.equal(report.queued + report.sending, 0, 'nothing is stuck');
    uncertain += report.uncertain;
    if (!at_sink) continue;
    for (const message of await api.all(`/messages?campaign_id=${id}`)) {
      if (message.status === 'sent') assert.equal(handed_over.get(message.id), 1, 'what is sent was accepted');
      else if (handed_over.has(message.id)) assert.equal(message.status, 'uncertain', 'what was accepted is sent or uncertain');
    }
  }
  // Whoever a failing turn has set aside goes on when somebody says so; whoever is not through then has a time at which it goes on.
  await api.post(`/journeys/${work.journey.id}/release`);
  await stories(api, work.journey, work.travellers, (story) => ended(story) || story.due_at !== null);
  for (const wanted of work.written) {
    await until('the key to be answered', async () => (await work.write_once(wanted)).status !== 409);
    const found = (await api.all('/contacts')).filter((contact) => contact.email === wanted.email);
    assert.equal(found.length, 1, 'one key, one contact');
  }
  return uncertain;
}

for (const kind of databases) {
  test(`every fail point can crash or fail without loss, on ${kind}`, async () => {
    const work = await Work.start(kind);
    try {
      const missed = [];
      let tried = 0;
      // Failing is the program's own matter; a crash also shows what each database keeps.
      for (const action of kind === 'sqlite' ? ['abort', 'error'] : ['abort']) {
        for (const point of points) {
          if (point.startsWith('migration.')) {
            tried += 1;
            if (!(await migration_breaks(kind, point, action))) missed.push(`${point}=${action} was not reached`);
            continue;
          }
          if (!work.for(point)) {
            missed.push(`${point}: no work is known that comes by`);
            continue;
          }
          // Recovery has something to do after a death in mid-broadcast.
          if (point === 'sending.before_recovery' || point === 'sending.recovered') await work.break_at('smtp.before_dot', 'abort');
          tried += 1;
          if (!(await work.break_at(point, action))) missed.push(`${point}=${action} was not reached`);
        }
      }
      if (missed.length > 0) console.log('# not reached:', missed.join(', '));
      await work.home.start({ flags });
      const uncertain = await check(work);
      console.log(`# ${kind}: ${points.length} points, ${tried} runs, ${work.campaigns.length} broadcasts, ${work.sink.accepted.length} mails accepted, ${uncertain} uncertain`);
      assert.deepEqual(missed, []);
    } finally {
      await work.end();
    }
  });
}
