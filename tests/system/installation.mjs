// An installation of postrider: a database, a secret, a folder for state, and whatever servers run on them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './api.mjs';
import { Postgres } from './postgres.mjs';
import { Server, command } from './server.mjs';
import { until } from './patience.mjs';

let cluster = null;
export function postgres() {
  cluster ??= Postgres.start();
  return cluster;
}
process.on('exit', () => cluster?.stop());

export const databases = ['sqlite', 'postgres'];

export class Installation {
  servers = [];

  // A migrated database with an owner's API key, and one running server.
  static async make(kind, options = {}) {
    const self = await Installation.bare(kind);
    await self.start(options);
    return self;
  }

  static async bare(kind, cluster = undefined) {
    const self = new Installation();
    self.kind = kind;
    self.folder = mkdtempSync(join(tmpdir(), 'postrider-story-'));
    self.place = {
      database: kind === 'sqlite' ? `sqlite:${join(self.folder, 'story.db')}` : await (cluster ?? postgres()).database(),
      secret: join(self.folder, 'secret'),
      state: join(self.folder, 'state'),
    };
    self.key = self.#bootstrap('apikey', 'create', '--name', 'story', '--role', 'owner').trim();
    return self;
  }

  #bootstrap(...args) {
    return command([...args, '--database', this.place.database, '--secret-file', this.place.secret, '--state-dir', this.place.state]);
  }

  async start(options) {
    const server = await Server.start(this.place, options);
    this.servers.push(server);
    this.api = this.api ? this.api.at(server.url) : await Api.open(server.url, this.key);
    return server;
  }

  async end() {
    for (const server of this.servers) await server.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  // A sender whose mail goes to the given port.
  async sender(port, settings = {}) {
    const provider = await this.api.post('/providers', { name: 'Sink', kind: 'smtp', settings: { host: '127.0.0.1', port, security: 'none', ...settings } });
    return this.api.post('/senders', { from_email: 'news@acme.example', from_name: 'Acme', provider_id: provider.id, verified: true });
  }

  // People who said yes to marketing by e-mail, brought in as a file.
  async people(count, domain = 'example.net', first = 0) {
    const rows = ['email,first_name,attributes.plan,tags'];
    for (let i = first; i < first + count; ++i) rows.push(`person${i}@${domain},Person ${i},${i % 4 === 0 ? 'pro' : 'free'},${i % 3 === 0 ? 'customer|vip' : 'lead'}`);
    const started = await this.api.post('/imports?commit=true&consent=email.marketing&consent_source=signup+form', rows.join('\n') + '\n', { 'content-type': 'text/csv' });
    return until('the import to end', async () => {
      const now = await this.api.get(`/imports/${started.id}`);
      if (now.status === 'failed') throw new Error(`the import failed: ${JSON.stringify(now)}`);
      return now.status === 'completed' && now;
    }, 120);
  }

  async segment(conditions = { type: 'attribute', field: 'email', operator: 'exists' }, name = 'Everybody', seconds = 30) {
    const segment = await this.api.post('/segments', { name: `${name} ${Math.random()}`, conditions });
    await this.api.post(`/segments/${segment.id}/recalculate`);
    return until('the segment to be calculated', async () => {
      const now = await this.api.get(`/segments/${segment.id}`);
      return now.last_calculated_at && now;
    }, seconds);
  }

  async template(parts = {}) {
    return this.api.post('/templates', {
      name: 'Letter', channel: 'email', subject: 'News for {{ contact.first_name }}',
      html_body: '<h1>Hello {{ contact.first_name }}</h1><p><a href="https://example.com/news?a=1&amp;b=2">Read more</a></p>' +
        '<p>{{ contact.attributes.plan | default: "no plan" }}</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
      ...parts,
    });
  }

  // A launched broadcast to a segment.
  async broadcast(parts) {
    const campaign = await this.api.post('/campaigns', { name: 'Broadcast', type: 'broadcast', ...parts });
    await this.api.post(`/campaigns/${campaign.id}/launch`);
    return campaign;
  }

  async completed(campaign, seconds = 60) {
    return until('the campaign to be completed', async () => (await this.api.get(`/campaigns/${campaign.id}`)).status === 'completed', seconds);
  }

  report(campaign) {
    return this.api.get(`/campaigns/${campaign.id}/report`);
  }
}

// The end states of a report, which must add up to its audience.
export function end_states(report) {
  return report.queued + report.sending + report.sent + report.skipped + report.failed + report.uncertain + (report.canceled ?? 0);
}
