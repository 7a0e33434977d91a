// postrider itself under measurement: the release binary on a fresh database of the bench's PostgreSQL.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { freshDatabase, sleep } from './peers/lib/bench.mjs';

const pg = createRequire(new URL('./peers/', import.meta.url))('pg');

export const binary = process.env.POSTRIDER_BINARY;
export const tenant = '00000000-0000-7000-8000-000000000001';

export async function until(what, holds, seconds = 600) {
  const limit = Date.now() + seconds * 1000;
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > limit) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await sleep(50);
  }
}

export class Postrider {
  static async start(b, name, flags = []) {
    const self = new Postrider();
    self.folder = mkdtempSync(join(tmpdir(), 'postrider-bench-'));
    self.database = await freshDatabase(b.pgUrl, name);
    self.db = new pg.Pool({ connectionString: self.database, max: 3, options: '-c search_path=postrider' });
    self.place = ['--database', self.database.replace('postgres://', 'postgresql://'), '--secret-file', join(self.folder, 'secret'), '--state-dir', join(self.folder, 'state')];
    self.key = execFileSync(binary, ['apikey', 'create', '--name', 'bench', '--role', 'owner', ...self.place], { encoding: 'utf8' }).trim();
    self.process = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--log-level', 'warn', ...self.place, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    self.log = '';
    self.process.stderr.on('data', (bytes) => { self.log = (self.log + bytes).slice(-100_000); });
    await until('postrider to listen', () => self.process.exitCode !== null || /listening on (\S+)/.test(self.log), 60);
    const said = /listening on (\S+)/.exec(self.log);
    if (!said) throw new Error(`postrider did not start: ${self.log}`);
    self.url = said[1];
    return self;
  }

  get pid() { return this.process.pid; }
  peak_mb() { return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) / 1024; }

  async call(method, path, body, headers = {}) {
    const raw = typeof body === 'string' || body instanceof ReadableStream;
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method, duplex: 'half', body: body === undefined || raw ? body : JSON.stringify(body),
      headers: { authorization: `Bearer ${this.key}`, ...(body !== undefined && !raw ? { 'content-type': 'application/json' } : {}), ...headers },
    });
    const text = await answer.text();
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text && /json/.test(answer.headers.get('content-type')) ? JSON.parse(text) : text;
  }
  get(path) { return this.call('GET', path); }
  post(path, body, headers) { return this.call('POST', path, body, headers); }

  async stop() {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await gone;
    await this.db.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  // Contacts with consent, straight into the tables: what the documented stack's data looks like.
  async people(count) {
    await this.db.query(`insert into contacts (tenant_id, id, email, email_key, first_name, last_name, attributes, tags, tracking, created_at, updated_at)
      select $1::uuid, md5('c' || i)::uuid, e, e, 'First' || i % 997, 'Last' || i % 4999,
        jsonb_build_object('company', 'Company ' || i % 20011, 'industry', (array['SaaS','Retail','Finance','Health'])[1 + i % 4], 'country', (array['IT','DE','FR','US','BR'])[1 + i % 5],
                           'score', i % 100, 'plan', (array['free','team','business'])[1 + i % 3], 'products', jsonb_build_array('Alpha ' || i % 7, 'Beta ' || i % 11, 'Gamma ' || i % 13)),
        '[]', true, now(), now() from generate_series(1, $2) i, lateral (select 'user' || i || '@example.test' as e) x`, [tenant, count]);
    await this.db.query(`insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, source, granted_at, created_at, updated_at)
      select tenant_id, id, id, 'email', 'marketing', 'granted', 'webform', now(), now(), now() from contacts`);
    await this.db.query('vacuum analyze');
    await this.db.query('checkpoint');
  }

  async segment(conditions) {
    const segment = await this.post('/segments', { name: `Bench ${Math.random()}`, conditions });
    const t0 = performance.now();
    await this.post(`/segments/${segment.id}/recalculate`);
    const done = await until('the segment', async () => { const s = await this.get(`/segments/${segment.id}`); return s.last_calculated_at && s; });
    return { ...done, ms: performance.now() - t0 };
  }
}
