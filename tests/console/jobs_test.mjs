// Jobs that gave up, in a real browser on both databases: the home page says so, one is tried again and done, another is discarded.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../system/patience.mjs';
import { Postgres } from '../system/postgres.mjs';
import { command, Server } from '../system/server.mjs';
import { api, Browser, picture, settled, signIn } from './stage.mjs';

const owner = { email: 'owner@example.org', password: 'correct horse battery' };

for (const kind of ['SQLite', 'PostgreSQL']) {
  test(`a job that gave up is tried again, another is discarded, on ${kind}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postrider-console-'));
    const postgres = kind === 'PostgreSQL' ? Postgres.start() : null;
    const place = { database: postgres ? await postgres.database() : `sqlite:${join(folder, 'jobs.db')}`, secret: join(folder, 'secret'), state: join(folder, 'state') };
    const browser = await Browser.start();
    let server = await Server.start(place, { environment: { POSTRIDER_FAIL_POINTS: 'jobs.handled=error' } });
    const page = await browser.reader();
    const go = async (path) => {
      await page.goto(server.url + path);
      await settled(page);
    };
    const dead = async () => (await api(page, 'GET', '/jobs/dead')).items;
    try {
      command(['user', 'create', '--email', owner.email, '--role', 'owner', '--database', place.database, '--secret-file', place.secret, '--state-dir', place.state], { input: `${owner.password}\n` });
      await signIn(page, server.url, owner.email, owner.password);
      const conditions = { type: 'attribute', field: 'email', operator: 'exists' };
      const again = await api(page, 'POST', '/segments', { name: 'Tried again', conditions });
      const gone = await api(page, 'POST', '/segments', { name: 'Discarded', conditions });
      for (const one of [again, gone]) await api(page, 'POST', `/segments/${one.id}/recalculate`);
      const gaveUp = await until('both jobs to give up', async () => (await dead()).length >= 2 && (await dead()), 60);
      const jobOf = (segment) => gaveUp.find((job) => job.payload.segment_id === segment.id);
      await server.stop();

      // The cause is gone; whoever looks after it decides.
      server = await Server.start(place);
      await signIn(page, server.url, owner.email, owner.password);
      await page.getByRole('link', { name: `${gaveUp.length} jobs gave up and wait for a decision` }).click();
      await settled(page);
      assert.equal(new URL(page.url()).search, '?tab=dead');
      const row = (job) => page.getByRole('row').filter({ has: page.locator(`button[data-job="${job.id}"]`) });
      await page.getByRole('cell', { name: 'jobs.handled' }).first().waitFor();

      await row(jobOf(again)).getByRole('button', { name: 'Retry' }).click();
      await page.locator('.toast', { hasText: 'It is tried again' }).waitFor();
      await row(jobOf(again)).waitFor({ state: 'detached' });
      await until('it to be done', async () => /postrider_jobs_executed_total\{[^}]*kind="segment:recalculate"[^}]*outcome="done"/.test(await (await fetch(`${server.url}/metrics`)).text()));
      assert.ok(!(await api(page, 'GET', '/jobs')).items.some((job) => job.id === jobOf(again).id), 'what is done is forgotten');

      // Whoever changes his mind has lost nothing.
      await row(jobOf(gone)).getByRole('button', { name: 'Discard' }).click();
      const question = page.getByRole('dialog', { name: 'Discard this job?' });
      await question.getByRole('button', { name: 'Cancel' }).click();
      assert.ok((await dead()).some((job) => job.id === jobOf(gone).id));
      await row(jobOf(gone)).getByRole('button', { name: 'Discard' }).click();
      await question.getByRole('button', { name: 'Discard' }).click();
      await page.locator('.toast', { hasText: 'Discarded' }).waitFor();
      await row(jobOf(gone)).waitFor({ state: 'detached' });
      assert.ok(!(await dead()).some((job) => [again, gone].some((one) => job.id === jobOf(one).id)));

      await go('/audit?entity_type=job');
      const audit = (await api(page, 'GET', '/audit?entity_type=job')).items;
      assert.deepEqual(audit.map((entry) => [entry.action, entry.entity_id]), [['discarded', jobOf(gone).id], ['retried', jobOf(again).id]]);
      await page.getByRole('cell', { name: 'Discarded' }).first().waitFor();
      assert.deepEqual(page.trouble, []);
    } catch (error) {
      console.log(`picture: ${await picture(page, `jobs on ${kind}`)}`);
      throw error;
    } finally {
      await browser.stop();
      await server.stop();
      postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
