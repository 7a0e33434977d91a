// The real binary as a process: started, listened to, stopped, killed.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { until } from './patience.mjs';

export const binary = process.env.POSTRIDER_BINARY;
if (!binary) throw new Error('POSTRIDER_BINARY must name the server binary');

// One command to its end; its standard output.
export function command(args, { input = '', expect = 0 } = {}) {
  const ended = spawnSync(binary, args, { input, encoding: 'utf8' });
  if (ended.status !== expect) throw new Error(`postrider ${args.join(' ')} ended with ${ended.status}: ${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

export class Server {
  // `place` holds database, secret and state: what an installation is. Several servers may share one.
  static async start(place, { flags = [], environment = {}, listen = '127.0.0.1:0' } = {}) {
    const self = new Server();
    self.log = '';
    const args = ['serve', '--database', place.database, '--secret-file', place.secret, '--state-dir', place.state, '--listen', listen, ...flags];
    self.process = spawn(binary, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] });
    self.ended = new Promise((resolve) => self.process.once('exit', (code, signal) => {
      self.exit = { code, signal };
      resolve(self.exit);
    }));
    self.process.stderr.on('data', (bytes) => {
      self.log = (self.log + bytes).slice(-2_000_000);
    });
    await until('the server to listen', () => self.exit || /listening on (\S+)/.exec(self.log), 60);
    if (self.exit) throw new Error(`the server ended at once: ${self.log}`);
    self.url = /listening on (\S+)/.exec(self.log)[1];
    return self;
  }

  get pid() {
    return this.process.pid;
  }

  // Resident memory in MB: now, and the most there ever was.
  memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024;
    return { now: field('VmRSS'), peak: field('VmHWM') };
  }

  async stop() {
    if (!this.exit) this.process.kill('SIGTERM');
    return this.ended;
  }

  async kill() {
    if (!this.exit) this.process.kill('SIGKILL');
    return this.ended;
  }
}
