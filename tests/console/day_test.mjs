// A marketer's day from an empty installation to the audit of it, in a real browser, on both databases, with mail over SMTP.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../system/patience.mjs';
import { Postgres } from '../system/postgres.mjs';
import { command, Server } from '../system/server.mjs';
import { SmtpSink } from '../system/smtp_sink.mjs';
import { csv } from './sample.mjs';
import { api, Browser, picture, settled, signIn } from './stage.mjs';

const owner = { email: 'owner@example.org', password: 'correct horse battery' };

for (const kind of process.env.POSTRIDER_DAY?.split(',') ?? ['SQLite', 'PostgreSQL']) {
  describe(`a marketer's day on ${kind}`, () => {
    let folder, postgres, server, browser, page, sink, campaign, fresh;
    // Each story goes on where the one before has ended; a picture is kept of where one failed.
    let broken;
    const story = (name, tell) => test(name, async () => {
      assert.ok(!broken, `it goes on from "${broken}", which failed`);
      try {
        await tell();
      } catch (error) {
        broken = name;
        console.log(`picture: ${await picture(page, `${kind} ${name}`)}`);
        throw error;
      }
    });
    const go = async (path) => {
      await page.goto(server.url + path);
      await settled(page);
    };
    const said = (text) => page.locator('.toast', { hasText: text }).first().waitFor();
    const choose = async (label, text) => {
      await page.getByRole('combobox', { name: label }).fill(text);
      await page.getByRole('option', { name: new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i') }).first().click();
    };

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'postrider-console-'));
      if (kind === 'PostgreSQL') postgres = Postgres.start();
      const place = { database: postgres ? await postgres.database() : `sqlite:${join(folder, 'day.db')}`, secret: join(folder, 'secret'), state: join(folder, 'state') };
      sink = await SmtpSink.start();
      sink.keep = true;
      server = await Server.start(place);
      browser = await Browser.start();
      page = await browser.reader();
      fresh = (await fetch(`${server.url}/api/v1/setup`).then((answer) => (answer.ok ? answer.json() : null)))?.needed;
      if (!fresh) command(['user', 'create', '--email', owner.email, '--role', 'owner', '--database', place.database, '--secret-file', place.secret, '--state-dir', place.state], { input: `${owner.password}\n` });
    });
    after(async () => {
      await browser?.stop();
      await server?.stop();
      await sink?.stop();
      postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    story('the owner is made, or signs in', async () => {
      await page.goto(server.url);
      if (fresh) {
        await page.getByRole('heading', { name: 'Welcome to postrider' }).waitFor();
        const code = /code[^\w]+([\w-]{6,})/i.exec(server.log)?.[1];
        assert.ok(code, 'the log names the code');
        await page.getByLabel('Code').fill(code);
        await page.getByLabel('Your e-mail').fill(owner.email);
        await page.getByLabel('Password').fill(owner.password);
        await page.getByRole('button', { name: 'Make the owner' }).click();
      } else await signIn(page, server.url, owner.email, owner.password);
      await page.getByRole('heading', { name: 'First steps' }).waitFor();
    });

    story('a provider and a sender are added and checked', async () => {
      await go('/senders?new=provider');
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('House mail');
      await dialog.getByRole('textbox', { name: 'Server' }).fill('127.0.0.1');
      await dialog.getByRole('spinbutton', { name: 'Port' }).fill(String(sink.port));
      await dialog.getByRole('combobox', { name: 'Security' }).selectOption('none');
      await dialog.getByRole('button', { name: 'Add provider' }).click();
      await said('Provider added');
      await page.getByRole('button', { name: 'Check', exact: true }).click();
      await page.getByText('Works', { exact: true }).waitFor();
      await go('/senders?new=sender');
      await dialog.getByLabel('Name readers see').fill('Acme News');
      await dialog.getByRole('textbox', { name: 'Address' }).fill('news@acme.example');
      await dialog.getByLabel('I vouch for this address').check();
      await dialog.getByRole('button', { name: 'Add sender' }).click();
      await said('Sender added');
      await page.getByText('Verified', { exact: true }).waitFor();
    });

    story('a file is mapped, judged, written, undone, and written again', async () => {
      const file = join(folder, 'fair.csv');
      writeFileSync(file, csv);
      const bring = async () => {
        await go('/imports?new=1');
        await page.locator('input[type=file]').setInputFiles(file);
        await page.getByLabel('E-Mail becomes').waitFor();
        assert.equal(await page.getByLabel('Vorname becomes').inputValue(), 'first_name');
        await page.getByLabel('Everybody in this file agreed').check();
        await page.getByLabel('Where did they agree?').fill('autumn fair');
        await page.getByRole('button', { name: 'Upload and check' }).click();
        await page.getByText('Nothing has been written yet').waitFor();
      };
      await bring();
      await page.getByRole('cell', { name: /rejected/i }).first().waitFor();
      assert.equal((await api(page, 'GET', '/contacts?limit=5')).items.length, 0);
      await page.getByRole('button', { name: /^Write \d+ contact/ }).click();
      await page.getByText('Done', { exact: true }).waitFor();
      await until('two contacts', async () => (await api(page, 'GET', '/contacts?limit=5')).items.length === 2);
      await page.getByRole('button', { name: 'Undo import' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Undo import' }).click();
      await page.getByText('Undone', { exact: true }).first().waitFor();
      assert.equal((await api(page, 'GET', '/contacts?limit=5')).items.length, 0);
      await bring();
      await page.getByRole('button', { name: /^Write \d+ contact/ }).click();
      await page.getByText('Done', { exact: true }).waitFor();
      await go('/contacts');
      await page.getByRole('link', { name: 'maria@example.org' }).waitFor();
    });

    story('a contact is added by hand, without consent', async () => {
      await go('/contacts?new=1');
      await page.getByRole('dialog').getByLabel('E-mail').fill('unasked@example.org');
      await page.getByRole('button', { name: 'Add contact' }).click();
      await page.getByRole('heading', { name: 'unasked@example.org' }).waitFor();
    });

    story('a segment counts itself while it is built', async () => {
      await go('/segments/new');
      await page.getByLabel('Name', { exact: true }).fill('Everybody we know');
      await page.getByTestId('live-count').filter({ hasText: '3' }).waitFor();
      await page.getByRole('button', { name: 'Add a condition' }).click();
      await page.getByRole('menuitem', { name: 'Field or attribute' }).click();
      await page.getByLabel('Field', { exact: true }).nth(1).fill('attributes.Plan'.toLowerCase());
      await page.getByLabel('Comparison').nth(1).selectOption('equals');
      await page.getByLabel('Value', { exact: true }).fill('pro');
      await page.getByTestId('live-count').filter({ hasText: /^1$/ }).waitFor();
      await page.getByRole('button', { name: 'Remove condition' }).nth(1).click();
      await page.getByTestId('live-count').filter({ hasText: '3' }).waitFor();
      await page.getByRole('button', { name: 'Create segment' }).click();
      await said('Segment made');
      await page.getByRole('tab', { name: /Members/ }).click();
      await until('members', async () => {
        await page.reload();
        await settled(page);
        return page.getByRole('link', { name: 'olaf@example.org' }).isVisible();
      });
    });

    story('a template shows what a chosen reader would get', async () => {
      await go('/templates?new=1');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('Autumn letter');
      await dialog.getByLabel('Subject').fill('News for {{ contact.first_name | default: "you" }}');
      await dialog.getByRole('button', { name: 'Create' }).click();
      await page.getByLabel('HTML source').waitFor();
      await page.getByRole('button', { name: /Remove .*@example.org/ }).click();
      await choose('Seen by', 'maria@example.org');
      await page.getByTestId('preview-subject').filter({ hasText: 'News for Maria' }).waitFor();
      await page.frameLocator('iframe').getByText('Hello Maria').waitFor();
      await page.getByLabel('Subject').fill('Autumn news for {{ contact.first_name | default: "you" }}');
      await page.getByTestId('preview-subject').filter({ hasText: 'Autumn news for Maria' }).waitFor();
      await page.getByText('not saved').waitFor();
      await page.keyboard.press('Control+s');
      await said('Saved as version 2');
      await page.getByLabel('Subject').fill('{{ contact.first_name | nonsense');
      await page.getByTestId('findings').getByText(/subject|line|tag|filter|output/i).first().waitFor();
      await page.getByRole('button', { name: 'Discard' }).click();
      await page.getByRole('tab', { name: /Versions/ }).click();
      await page.getByText('From version 1 to 2').waitFor();
      await page.locator('.diff .added', { hasText: 'Autumn' }).waitFor();
    });

    story('a test goes to one address', async () => {
      await page.getByRole('tab', { name: 'Edit' }).click();
      await page.getByRole('button', { name: 'Send a test' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('To', { exact: true }).fill('colleague@example.org');
      await dialog.getByRole('button', { name: 'Send', exact: true }).click();
      await said('on its way to colleague@example.org');
      await until('the test mail', () => sink.accepted.some((mail) => mail.to === 'colleague@example.org'));
    });

    story('a campaign is put together step by step', async () => {
      await go('/campaigns?new=1');
      await page.getByRole('dialog').getByLabel('Name').fill('Autumn campaign');
      await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
      await choose('Send to the people of', 'Everybody we know');
      await page.getByTestId('will-send').filter({ hasText: /^2$/ }).waitFor();
      campaign = /campaigns\/([0-9a-f-]+)/.exec(page.url())[1];
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('radio', { name: /Autumn letter/ }).check();
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('radio', { name: /Acme News/ }).check();
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByLabel(/messages a minute/).waitFor();
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByTestId('will-send').filter({ hasText: /^2$/ }).waitFor();
    });

    const launch = async () => {
      await page.getByRole('button', { name: 'Launch to 2 people' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Launch' }).click();
      await page.getByRole('tab', { name: 'Report' }).waitFor();
    };

    story('a launch is undone and nobody gets anything', async () => {
      await launch();
      await page.getByRole('button', { name: 'Undo launch' }).click();
      await said('Taken back');
      await page.getByText('Draft', { exact: true }).waitFor();
      assert.deepEqual(sink.accepted.map((mail) => mail.to), ['colleague@example.org']);
    });

    story('it is launched again, paused and resumed, and its report adds up', async () => {
      await go(`/campaigns/${campaign}?step=review`);
      await launch();
      await page.getByTestId('progress').waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('Paused', { exact: true }).first().waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });
      await until('both mails', () => ['maria@example.org', 'olaf@example.org'].every((to) => sink.accepted.filter((mail) => mail.to === to).length === 1));
      await page.getByTestId('audience').filter({ hasText: '3' }).waitFor();
      const report = await api(page, 'GET', `/campaigns/${campaign}/report`);
      assert.equal(report.sent, 2);
      assert.equal(report.skipped, 1);
      assert.equal(report.queued + report.sending + report.sent + report.skipped + report.failed + report.uncertain + report.canceled, report.audience);
    });

    story('it says why somebody did not get it', async () => {
      await go(`/campaigns/${campaign}?tab=messages&status=skipped`);
      await page.getByRole('link', { name: 'unasked@example.org' }).click();
      await page.getByTestId('explain').getByText(/consent/i).first().waitFor();
    });

    story('a reader unsubscribes, and the address is suppressed', async () => {
      const mail = sink.accepted.find((one) => one.to === 'olaf@example.org').mail.toString('latin1').replace(/\r\n[ \t]+/g, ' ');
      const link = /^List-Unsubscribe:.*?<(https?:[^>]+)>/im.exec(mail)?.[1];
      assert.ok(link, 'the mail has List-Unsubscribe');
      const recipient = await browser.reader();
      const address = new URL(link);
      await recipient.goto(server.url + address.pathname);
      await recipient.getByRole('button').first().click();
      await until('the suppression', async () => (await api(page, 'GET', '/suppressions?email_address=olaf@example.org')).items.length === 1);
      assert.deepEqual(recipient.trouble, []);
      await recipient.context().close();
      await go('/suppressions');
      await page.getByText('olaf@example.org').waitFor();
      await go(`/campaigns/${campaign}?tab=messages`);
      await page.getByRole('cell', { name: 'Unsubscribed' }).waitFor();
    });

    story('the profile tells it all, and the audit who did it', async () => {
      await go('/contacts?search=olaf');
      await page.getByRole('link', { name: 'olaf@example.org' }).click();
      await page.getByTestId('timeline').getByText(/unsubscribe/i).first().waitFor();
      await page.getByText(/^Suppressed/).waitFor();
      await page.getByRole('tab', { name: 'Consent' }).click();
      await page.getByRole('cell', { name: 'Denied' }).first().waitFor();
      await go('/audit?entity_type=campaign');
      await page.getByRole('cell', { name: 'Launched' }).first().waitFor();
      await page.getByRole('cell', { name: /You|owner/ }).first().waitFor();
    });

    story('the home page shows the day, and nothing went wrong on the way', async () => {
      await go('/');
      await page.getByRole('link', { name: /Autumn campaign/ }).first().waitFor();
      await page.getByRole('heading', { name: 'Last 30 days' }).waitFor();
      assert.deepEqual(page.trouble, []);
    });
  });
}
