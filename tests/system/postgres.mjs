// A PostgreSQL 15 cluster of our own in a temporary folder, run by an unprivileged user, durable as in production.
// POSTRIDER_TEST_PG (an address with DATABASE in its path) names another one to use instead.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, chownSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

function unprivileged() {
  if (process.getuid() !== 0) return null;
  const line = execFileSync('getent', ['passwd', 'postgres']).toString().trim().split(':');
  return { uid: Number(line[2]), gid: Number(line[3]) };
}

function checked(command, args, options) {
  const ended = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (ended.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

export class Postgres {
  #numbers = 0;

  static start(settings = {}) {
    const self = new Postgres();
    self.bin = checked('pg_config', ['--bindir']).trim();
    if (!existsSync(join(self.bin, 'initdb'))) throw new Error('PostgreSQL is not installed (package postgresql)');
    self.folder = mkdtempSync(join(tmpdir(), 'postrider-pg-'));
    self.owner = unprivileged();
    if (self.owner) chownSync(self.folder, self.owner.uid, self.owner.gid);
    self.data = join(self.folder, 'data');
    const options = { ...(self.owner ?? {}), cwd: self.folder };
    checked(join(self.bin, 'initdb'), ['-D', self.data, '-U', 'postrider', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], options);
    self.settings = { listen_addresses: '', unix_socket_directories: self.folder, max_connections: 200, shared_buffers: '256MB', ...settings };
    self.up();
    return self;
  }

  up() {
    const flags = Object.entries(this.settings).map(([key, value]) => `-c ${key}='${value}'`).join(' ');
    checked(join(this.bin, 'pg_ctl'), ['-D', this.data, '-w', '-t', '60', '-l', join(this.folder, 'server.log'), '-o', flags, 'start'],
            { ...(this.owner ?? {}), cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  down(mode = 'fast') {
    spawnSync(join(this.bin, 'pg_ctl'), ['-D', this.data, '-w', '-m', mode, 'stop'], { ...(this.owner ?? {}), cwd: this.folder, stdio: 'ignore' });
  }

  // A new, empty database; its address.
  async database() {
    const name = `story_${process.pid}_${++this.#numbers}`;
    await this.query('postgres', `create database ${name}`);
    return `postgresql://postrider@/${name}?host=${this.folder}`;
  }

  async query(database, text, values) {
    const client = new pg.Client({ host: this.folder, user: 'postrider', database });
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  stop() {
    this.down('immediate');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
