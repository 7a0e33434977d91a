// A server, a browser, and a reader in front of it: what every story about the console needs.
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { until } from '../system/patience.mjs';
import { binary } from '../system/server.mjs';

export const patience = 20_000;

export class Demo {
  // POSTRIDER_DEMO="URL PASSWORD" names one that is running already, such as Vite's server in front of a demo.
  static async start() {
    const self = new Demo();
    self.log = '';
    if (process.env.POSTRIDER_DEMO) {
      [self.url, self.password] = process.env.POSTRIDER_DEMO.split(' ');
      self.email = 'demo@example.com';
      return self;
    }
    self.process = spawn(binary, ['demo', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [self.process.stdout, self.process.stderr]) stream.on('data', (bytes) => (self.log += bytes));
    self.ended = new Promise((resolve) => self.process.once('exit', (code) => resolve((self.exit = code ?? -1))));
    await until('the demo to listen', () => self.exit !== undefined || /password: +(\S+)/.exec(self.log), 120);
    if (self.exit !== undefined) throw new Error(`the demo ended at once: ${self.log}`);
    self.url = /listening on (\S+)/.exec(self.log)[1];
    self.password = /password: +(\S+)/.exec(self.log)[1];
    self.email = /login: +(\S+)/.exec(self.log)[1];
    return self;
  }

  async stop() {
    this.process?.kill('SIGTERM');
    await this.ended;
  }
}

export class Browser {
  static async start() {
    const self = new Browser();
    self.folder = mkdtempSync(join(tmpdir(), 'postrider-browser-'));
    self.chromium = await chromium.launch({
      executablePath: process.env.POSTRIDER_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
    });
    return self;
  }

  // A reader's own window. `trouble` collects what must not happen: errors of scripts, violations of the policy, unexpected refusals.
  async reader({ width = 1440, height = 900, theme = 'light', locale = 'en-GB', zone = 'Europe/Rome' } = {}) {
    const context = await this.chromium.newContext({ viewport: { width, height }, colorScheme: theme, locale, timezoneId: zone, reducedMotion: 'reduce', acceptDownloads: true });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    page.trouble = [];
    page.on('pageerror', (error) => page.trouble.push(`script: ${error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      // What the sandbox of a mail preview refuses is what it is for; refusals of the API are looked at by the stories themselves.
      if (message.type() === 'error' && !/sandbox|Failed to load resource|net::ERR_/i.test(text)) page.trouble.push(`console: ${text}`);
    });
    page.on('response', (response) => response.status() >= 500 && page.trouble.push(`${response.status()} from ${response.url()}`));
    await page.exposeFunction('tellTrouble', (text) => page.trouble.push(text));
    await page.addInitScript(() => {
      if (window.top !== window) return;
      window.addEventListener('securitypolicyviolation', (event) => window.tellTrouble(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    });
    return page;
  }

  async stop() {
    await this.chromium.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function signIn(page, url, email, password) {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#content').waitFor();
}

// Everything that was asked for is there.
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector('h1, .empty h2') && !document.querySelector('.skeleton, .spinner, .progress-line, [aria-busy=true]'));
}

// The API as the signed-in reader calls it.
export function api(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const session = method === 'GET' ? null : await (await fetch('/api/v1/session')).json();
    const answer = await fetch(`/api/v1${path}`, { method, headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(session && { 'X-CSRF-Token': session.csrf_token }) }, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }, [method, path, body]);
}

// A picture for whoever looks into a failure, outside the repository.
export async function picture(page, name) {
  const folder = process.env.POSTRIDER_PICTURES ?? join(tmpdir(), 'postrider-console-failures');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replace(/[^a-z0-9]+/gi, '-')}.png`);
  await page.screenshot({ path, fullPage: true }).catch(() => undefined);
  return path;
}
