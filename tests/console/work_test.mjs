// What a marketer does less often: live progress, retry, runs that repeat, signatures, exports, explanations, MJML. On SQLite, over a real SMTP server.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../system/patience.mjs';
import { command, Server } from '../system/server.mjs';
import { SmtpSink } from '../system/smtp_sink.mjs';
import { logo } from './sample.mjs';
import { api, Browser, picture, settled, signIn } from './stage.mjs';

const owner = { email: 'owner@example.org', password: 'correct horse battery' };
const many = 30;
let folder, server, browser, page, sink, sender, segment, template;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postrider-console-'));
  const place = { database: `sqlite:${join(folder, 'work.db')}`, secret: join(folder, 'secret'), state: join(folder, 'state') };
  sink = await SmtpSink.start();
  // Mails and their previews name the server's own address, so it must be known before.
  const free = await new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
  server = await Server.start(place, { listen: `127.0.0.1:${free}` });
  command(['user', 'create', '--email', owner.email, '--role', 'owner', '--database', place.database, '--secret-file', place.secret, '--state-dir', place.state], { input: `${owner.password}\n` });
  browser = await Browser.start();
  page = await browser.reader();
  await signIn(page, server.url, owner.email, owner.password);
});

after(async () => {
  await browser?.stop();
  await server?.stop();
  await sink?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const story = (name, tell) => test(name, async () => {
  try {
    await tell();
  } catch (error) {
    console.log(`picture: ${await picture(page, name)}`);
    throw error;
  }
});
const go = async (path) => {
  await page.goto(server.url + path);
  await settled(page);
};
const said = (text) => page.locator('.toast', { hasText: text }).first().waitFor();
const campaignOf = (name, more = {}) => api(page, 'POST', '/campaigns', { name, type: 'broadcast', segment_ids: [segment.id], template_id: template.id, sender_id: sender.id, ...more });
const downloaded = async (press) => {
  const waiting = page.waitForEvent('download');
  await press();
  const file = await waiting;
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
};
// What the page asks the server for while `during` lasts.
const asked = async (during) => {
  const paths = [];
  const note = (request) => paths.push(new URL(request.url()).pathname);
  page.on('request', note);
  await during();
  page.off('request', note);
  return paths;
};

story('an empty workspace says on every page what comes first', async () => {
  const lists = { campaigns: 'New campaign', templates: 'New template', contacts: 'Import a CSV file', segments: 'New segment', imports: 'Import a file', suppressions: null, messages: null, events: null, senders: 'Add a provider', jobs: null };
  for (const [path, action] of Object.entries(lists)) {
    await go(`/${path}`);
    await page.locator('.empty h2').first().waitFor();
    if (action) await page.locator('.empty').getByText(action).first().waitFor();
  }
  await go('/');
  await page.getByRole('heading', { name: 'First steps' }).waitFor();
});

story('people, a segment and a template are there', async () => {
  const provider = await api(page, 'POST', '/providers', { name: 'House mail', kind: 'smtp', settings: { host: '127.0.0.1', port: sink.port, security: 'none' } });
  sender = await api(page, 'POST', '/senders', { from_email: 'news@acme.example', from_name: 'Acme News', provider_id: provider.id, verified: true });
  const lines = Array.from({ length: many }, (_, n) => `reader${n}@example.org,Reader,${n % 2 ? 'pro' : 'free'}`);
  await page.evaluate(async (text) => {
    const session = await (await fetch('/api/v1/session')).json();
    await fetch('/api/v1/imports?commit=true&consent=email.marketing&consent_source=test', { method: 'POST', headers: { 'Content-Type': 'text/csv', 'X-CSRF-Token': session.csrf_token }, body: text });
  }, `email,first_name,attributes.plan\n${lines.join('\n')}\n`);
  await until('the readers', async () => (await api(page, 'GET', '/contacts/count')).count === many);
  segment = await api(page, 'POST', '/segments', { name: 'Everybody', conditions: { type: 'attribute', field: 'email', operator: 'exists' } });
  await until('the members', async () => (await api(page, 'GET', `/segments/${segment.id}`)).member_count === many);
  template = await api(page, 'POST', '/templates', { name: 'Letter', channel: 'email', subject: 'Hello {{ contact.first_name }}', html_body: '<p>Hello</p><p><a href="https://example.com/">More</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>' });
});

for (const [way, stream] of [['by the stream', true], ['by asking again where the stream is swallowed', false]]) {
  story(`while a campaign sends, its progress is told ${way}, and nothing is recounted for it`, async () => {
    const campaign = await campaignOf(`Slow ${way}`, { throttle_per_minute: 120 });
    await api(page, 'POST', `/campaigns/${campaign.id}/launch`, { undo_seconds: 0 });
    if (!stream) await page.route('**/progress/stream', (route) => route.abort());
    await go(`/campaigns/${campaign.id}`);
    const progress = page.getByTestId('progress');
    const done = async () => Number(/^\s*(\d+) of/.exec(await progress.innerText())?.[1] ?? 0);
    const paths = await asked(async () => {
      const first = await until('the first ones', done);
      await until('more of them', async () => (await done()) >= first + 3);
      const sent = Number(await page.locator('.figure', { hasText: 'Sent' }).first().locator('.value').innerText());
      assert.ok(sent >= first, `the figures say ${sent} when ${first} were done`);
    });
    assert.equal(paths.filter((path) => path.endsWith('/report')).length, 0, 'the report was recounted');
    assert.equal(paths.some((path) => path.endsWith('/progress')), !stream);
    await page.unroute('**/progress/stream');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the rest' }).click();
    await page.getByText('Canceled', { exact: true }).first().waitFor();
  });
}

story('the end of a campaign is seen without a reload, with a fresh count', async () => {
  const campaign = await campaignOf('Quick');
  await go(`/campaigns/${campaign.id}?step=review`);
  await page.getByRole('button', { name: `Launch to ${many} people` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Launch' }).click();
  await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });
  await page.locator('.funnel > div', { hasText: 'Sent' }).getByText(String(many), { exact: true }).waitFor();
});

story('a campaign that repeats is put together, scheduled, and taken back', async () => {
  await go('/campaigns?new=1');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Every Monday');
  await dialog.getByRole('radio', { name: /Again and again/ }).check();
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('combobox', { name: 'Send to the people of' }).fill('Every');
  await page.getByRole('option', { name: /Everybody/ }).click();
  await page.getByTestId('will-send').filter({ hasText: String(many) }).waitFor();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /Letter/ }).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('radio', { name: /Acme News/ }).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('How often').selectOption('WEEKLY');
  await page.getByLabel('Mon', { exact: true }).check();
  await page.getByLabel('First time').fill('2031-03-03T09:00');
  await page.getByLabel('Time zone').selectOption('Europe/Lisbon');
  await page.getByText('Saved', { exact: false }).first().waitFor();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText(/Every week Mon from .*2031.*Europe\/Lisbon/).waitFor();
  await page.getByRole('button', { name: /^Schedule for/ }).click();
  await dialog.getByRole('button', { name: 'Schedule' }).click();
  await page.getByText(/starts .*2031/).waitFor();
  const id = /campaigns\/([0-9a-f-]+)/.exec(page.url())[1];
  assert.equal(Date.parse((await api(page, 'GET', `/campaigns/${id}`)).next_run_at), Date.parse('2031-03-03T09:00:00Z'));
  await page.getByRole('button', { name: 'Back to draft' }).click();
  await said('It is a draft again');
  await page.getByText('Draft', { exact: true }).waitFor();
});

story('the runs of a campaign that repeats are told one by one', async () => {
  const start = new Date(Date.now() + 3000).toISOString().slice(0, 19);
  const campaign = await campaignOf('Every day', { type: 'recurring', schedule: { rrule: 'FREQ=DAILY', start, time_zone: 'UTC' } });
  await api(page, 'POST', `/campaigns/${campaign.id}/schedule`, { rrule: 'FREQ=DAILY', start, time_zone: 'UTC' });
  await until('the first run', async () => (await api(page, 'GET', `/campaigns/${campaign.id}/runs`)).items[0]?.sent === many, 60);
  await go(`/campaigns/${campaign.id}?tab=runs`);
  const row = page.getByRole('row').nth(1);
  await row.getByText(String(many), { exact: true }).first().waitFor();
});

story('a campaign is launched and taken back without a mouse', async () => {
  const campaign = await campaignOf('By keys alone');
  await go(`/campaigns/${campaign.id}?step=review`);
  await page.getByRole('button', { name: `Launch to ${many} people` }).waitFor();
  const press = async (label) => {
    for (let step = 0; step < 80; step++) {
      if (await page.evaluate((wanted) => document.activeElement.textContent.trim() === wanted, label)) return page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
    }
    throw new Error(`"${label}" cannot be reached with Tab`);
  };
  await press(`Launch to ${many} people`);
  await page.getByRole('dialog').waitFor();
  await press('Launch');
  await page.getByRole('button', { name: 'Undo launch' }).waitFor();
  await press('Undo launch');
  await said('Taken back');
  await page.getByText('Draft', { exact: true }).waitFor();
});

story('messages that failed for a passing reason are tried again with one click, those refused for good are not', async () => {
  sink.rcpt = (to) => (/reader[01]@/.test(to) ? '550 5.1.1 No such user' : /reader[2-4]@/.test(to) ? '554 5.7.1 Not from you today' : '250 2.1.5 OK');
  const campaign = await campaignOf('Refused by five');
  await api(page, 'POST', `/campaigns/${campaign.id}/launch`, { undo_seconds: 0 });
  await until('the end', async () => (await api(page, 'GET', `/campaigns/${campaign.id}`)).status === 'completed', 60);
  sink.rcpt = () => '250 2.1.5 OK';
  await go(`/campaigns/${campaign.id}?tab=messages&status=failed`);
  assert.equal(await page.locator('tbody tr').count(), 5);
  await page.getByRole('button', { name: 'Retry 5 failed' }).click();
  await said('3 are tried again. 2 were refused for good and stay failed.');
  await until('the three', async () => (await api(page, 'GET', `/campaigns/${campaign.id}/report`)).sent === many - 2, 60);
});

story('a sender signs its mail with a key of its own, and no more', async () => {
  await go('/senders');
  const open = async (item) => {
    await page.getByRole('button', { name: 'Actions for news@acme.example' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await open('Sign its mail (DKIM)…');
  await page.getByRole('button', { name: 'Make a key' }).click();
  assert.match(await page.getByLabel('Name', { exact: true }).inputValue(), /\._domainkey\.acme\.example$/);
  assert.match(await page.getByLabel('Text', { exact: true }).inputValue(), /v=DKIM1.*p=/);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByText('signed by acme.example').waitFor();
  await open('Signature (DKIM)…');
  await page.getByRole('button', { name: 'Sign no more' }).click();
  await said('Mail is not signed any more');
  await page.getByText('signed by acme.example').waitFor({ state: 'detached' });
});

story('whoever had enough mail is left out, and budgets hold: rules set in the console', async () => {
  await go('/senders?tab=rules');
  await page.getByLabel('Nobody gets more marketing than').check();
  await page.getByLabel('Messages', { exact: true }).first().fill('1');
  await page.getByLabel('In so many days').fill('30');
  await page.getByRole('button', { name: 'Save' }).first().click();
  await said('Saved. It holds from the next message on.');
  const campaign = await campaignOf('Once too often');
  await go(`/campaigns/${campaign.id}?step=review`);
  await page.getByText('had enough mail lately').waitFor();
  await page.getByText('Nobody would get it.', { exact: false }).waitFor();
  await go('/senders?tab=rules');
  await page.getByLabel('Nobody gets more marketing than').uncheck();
  await page.getByRole('button', { name: 'Save' }).first().click();
  await until('the rule to be lifted', async () => (await api(page, 'GET', '/sending-settings')).frequency_messages === null);
  await page.getByRole('button', { name: 'Add a limit' }).click();
  await page.getByLabel('What is limited').selectOption({ label: 'through House mail' });
  await page.getByLabel('Messages', { exact: true }).fill('5000');
  await page.getByLabel('In which time').selectOption('day');
  await page.getByRole('button', { name: 'Save' }).last().click();
  await page.getByText('5,000 may leave now').waitFor();
  await page.getByRole('button', { name: 'Lift this limit' }).click();
  await page.getByRole('button', { name: 'Save' }).last().click();
  await until('the limit to be lifted', async () => (await api(page, 'GET', '/rate-limits')).items.length === 0);
});

story('contacts, one contact, and the messages of a campaign are taken out as files', async () => {
  await go('/contacts?search=reader7');
  const people = await downloaded(() => page.getByRole('link', { name: 'Export' }).click());
  assert.match(people.name, /\.csv$/);
  assert.match(people.text, /reader7@example\.org/);
  assert.ok(!people.text.includes('reader8@example.org'), 'the filter holds for the file');
  await page.getByRole('link', { name: 'reader7@example.org' }).click();
  await settled(page);
  await page.getByRole('button', { name: 'More' }).click();
  const one = await downloaded(() => page.getByRole('menuitem', { name: 'Export everything (JSON)' }).click());
  assert.equal(JSON.parse(one.text).contact.email, 'reader7@example.org');
  const [quick] = (await api(page, 'GET', '/campaigns?limit=200')).items.filter((campaign) => campaign.name === 'Quick');
  await go(`/campaigns/${quick.id}`);
  await page.getByRole('button', { name: 'More' }).click();
  const messages = await downloaded(() => page.getByRole('menuitem', { name: 'Download all messages (CSV)' }).click());
  assert.equal(messages.text.trim().split('\n').length, many + 1);
});

story('a segment says why somebody is in or out, counts again when told, and shows how it grew', async () => {
  const pro = await api(page, 'POST', '/segments', { name: 'Pro', conditions: { and: [{ type: 'attribute', field: 'attributes.plan', operator: 'equals', value: 'pro' }, { not: { type: 'tag', tag: 'gone' } }] } });
  await until('the first count', async () => (await api(page, 'GET', `/segments/${pro.id}`)).member_count === many / 2);
  await api(page, 'POST', '/contacts', { email: 'late@example.org', first_name: 'Reader', attributes: { plan: 'pro' } });
  await go(`/segments/${pro.id}`);
  await page.getByRole('button', { name: 'Count again' }).click();
  await page.getByText(`${many / 2 + 1} members`).waitFor();
  const growth = page.getByRole('region', { name: 'Growth' });
  await growth.getByRole('button', { name: 'Show as table' }).click();
  await growth.getByRole('row').nth(2).getByRole('cell', { name: String(many / 2 + 1), exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Explain' }).click();
  await page.getByRole('combobox', { name: 'Why is this contact in, or not?' }).fill('reader0@example.org');
  await page.getByRole('option', { name: /^reader0@example\.org/ }).click();
  await page.getByText('Is not in this segment').waitFor();
  await page.getByTestId('segment-explain').getByText(/found free/).waitFor();
  const contact = (await api(page, 'GET', '/contacts?email=reader1%40example.org')).items[0];
  await go(`/contacts/${contact.id}?tab=segments`);
  const line = page.locator('li', { hasText: 'Pro' });
  await line.getByText('is in', { exact: true }).waitFor();
  await line.getByRole('link', { name: 'Why?' }).click();
  await page.getByText('Is in this segment').waitFor();
});

story('the people of a page of messages or events are asked for at once', async () => {
  for (const path of ['/messages', '/events']) {
    const paths = await asked(async () => {
      await go(path);
      await page.getByRole('link', { name: /@example\.org/ }).first().waitFor();
    });
    assert.deepEqual(paths.filter((one) => /\/contacts\//.test(one)), []);
    assert.ok(paths.filter((one) => one.endsWith('/contacts')).length <= 2, `${path} asked ${paths.filter((one) => one.endsWith('/contacts')).length} times`);
  }
});

story('a template in MJML is written, seen, saved with its source, compared and taken back', async () => {
  await go('/templates?new=1');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('In short tags');
  await dialog.getByRole('radio', { name: /MJML/ }).check();
  await dialog.getByRole('button', { name: 'Create' }).click();
  const source = page.getByLabel('MJML source');
  await source.waitFor();
  const id = /templates\/([0-9a-f-]+)/.exec(page.url())[1];
  await page.frameLocator('iframe').getByText('Say one thing, and say it first.').waitFor();
  await source.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{ contact.first_name }}, short</mj-text><mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>');
  await page.frameLocator('iframe').getByText('Dear Reader, short').waitFor();
  await page.keyboard.press('Control+s');
  await said('Saved as version 2');
  const saved = await api(page, 'GET', `/templates/${id}`);
  assert.match(saved.mjml_body, /^<mjml><mj-body>/);
  assert.match(saved.html_body, /<!doctype html>[\s\S]*Dear \{\{ contact\.first_name \}\}, short/);
  assert.ok(!/fonts\.googleapis/.test(saved.html_body), 'no font of others is fetched');
  await page.getByRole('button', { name: 'Dark', exact: true }).click();
  await page.getByRole('tab', { name: /Versions/ }).click();
  await page.getByText('From version 1 to 2').waitFor();
  await page.getByRole('region', { name: 'MJML' }).locator('.added', { hasText: 'Dear' }).waitFor();
  await page.getByRole('button', { name: 'Take version 1 back' }).click();
  await said('Version 1 is the newest again');
  await page.getByRole('tab', { name: 'Edit' }).click();
  await page.frameLocator('iframe').getByText('Say one thing, and say it first.').waitFor();
  // Looking at HTML that was made elsewhere changes nothing.
  await api(page, 'PATCH', `/templates/${id}`, { html_body: '<p>Made elsewhere <a href="{{ unsubscribe_url }}">u</a></p>', mjml_body: (await api(page, 'GET', `/templates/${id}`)).mjml_body });
  await go(`/templates/${id}`);
  await page.frameLocator('iframe').getByText('Made elsewhere').waitFor();
  assert.equal(await page.getByText('not saved').count(), 0);
  // A mistake is told where it stands, and completion knows tags, variables and filters.
  await source.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('<mjml><mj-body><mj-section><mj-column><mj-txt>x</mj-txt></mj-column></mj-section></mj-body></mjml>');
  await page.getByTestId('findings').getByText(/mj-txt/).waitFor();
  await page.keyboard.press('Control+a');
  for (const [typed, wanted] of [['<mj-but', 'mj-button'], ['{{ contact.attributes.p', 'contact.attributes.plan'], ['{{ contact.first_name | def', 'default']]) {
    await page.keyboard.press('Control+a');
    await page.keyboard.type(typed);
    await page.locator('.cm-tooltip-autocomplete', { hasText: wanted }).waitFor();
    await page.keyboard.press('Escape');
  }
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('button', { name: 'HTML', exact: true }).click();
  await page.getByRole('button', { name: 'Go on in HTML' }).click();
  await page.getByText('not saved').waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said('Saved as version 5');
  assert.equal((await api(page, 'GET', `/templates/${id}`)).mjml_body, null);
});

story('many contacts are tagged at once, and a view of them is kept and forgotten', async () => {
  await go('/contacts?search=reader1');
  await page.getByRole('button', { name: 'Tag all…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Add', { exact: true }).fill('autumn');
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Remove autumn' }).waitFor();
  await dialog.getByRole('button', { name: 'Apply' }).click();
  await dialog.getByRole('status').filter({ hasText: '11 changed, 0 had it already, 0 skipped' }).waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await go('/contacts?tag=autumn&columns=phone,tags');
  assert.equal(await page.locator('tbody tr').count(), 11);
  await page.getByLabel('Select reader1@example.org').check();
  await page.getByRole('button', { name: 'Tag…', exact: true }).click();
  await dialog.getByRole('textbox', { name: /^Remove/ }).fill('autumn');
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Apply' }).click();
  await dialog.getByRole('status').filter({ hasText: '1 changed' }).waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await until('ten rows', async () => (await page.locator('tbody tr').count()) === 10);
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Keep this view…' }).click();
  await dialog.getByLabel('Name').fill('Autumn people');
  await dialog.getByRole('button', { name: 'Keep', exact: true }).click();
  await said('View kept for everybody here');
  // Another browser of the workspace has it as well; keeping it under the same name replaces it.
  const colleague = await browser.reader();
  await signIn(colleague, server.url, owner.email, owner.password);
  await colleague.goto(`${server.url}/contacts?sort=email`);
  await colleague.getByRole('button', { name: 'Views' }).click();
  await colleague.getByRole('menuitem', { name: 'Autumn people' }).waitFor();
  await colleague.getByRole('menuitem', { name: 'Keep this view…' }).click();
  await colleague.getByRole('dialog').getByLabel('Name').fill('By address');
  await colleague.getByRole('button', { name: 'Keep', exact: true }).click();
  await colleague.locator('.toast', { hasText: 'View kept' }).waitFor();
  await colleague.goto(`${server.url}/contacts?sort=-email`);
  await colleague.getByRole('button', { name: 'Views' }).click();
  await colleague.getByRole('menuitem', { name: 'Keep this view…' }).click();
  await colleague.getByRole('dialog').getByLabel('Name').fill('By address');
  await colleague.getByRole('button', { name: 'Replace' }).click();
  await colleague.getByRole('button', { name: 'By address' }).waitFor();
  await colleague.context().close();
  assert.deepEqual((await api(page, 'GET', '/views?list=contacts')).items.map((view) => [view.name, view.query.includes('tag=autumn')]), [['Autumn people', true], ['By address', false]]);
  await go('/contacts');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Autumn people' }).click();
  await page.waitForURL(/tag=autumn/);
  await page.getByRole('columnheader', { name: 'Phone' }).waitFor();
  await page.getByRole('button', { name: 'Autumn people' }).click();
  await page.getByRole('menuitem', { name: 'Forget “Autumn people”' }).click();
  await said('is forgotten');
  await page.locator('.toast', { hasText: 'is forgotten' }).getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Autumn people' }).waitFor();
});

story('a list of addresses is suppressed, and one of them allowed again', async () => {
  await go('/suppressions');
  await page.getByLabel('File of addresses').setInputFiles({ name: 'never.csv', mimeType: 'text/csv', buffer: Buffer.from('email\ngone1@example.net\ngone2@example.net\nnot an address\n') });
  await said('2 suppressed, 0 were already, 1 are no addresses');
  await page.getByLabel('Find an address').fill('gone1@');
  await until('the one row', async () => (await page.locator('tbody tr').count()) === 1);
  await page.getByRole('button', { name: 'Allow…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Allow again' }).click();
  await said('gone1@example.net is allowed again');
  await page.getByText('This address is not suppressed').waitFor();
});

story('how recipients see the workspace is set field by field, and a mistake stands where it was made', async () => {
  await go('/settings');
  await page.getByLabel('Colour of buttons and links').fill('blueish');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.locator('.field', { has: page.getByLabel('Colour of buttons and links') }).getByRole('alert').waitFor();
  await page.getByLabel('Colour of buttons and links').fill('#0a7f42');
  await page.getByLabel('Known to recipients as').fill('Acme of Rome');
  await page.getByLabel('Sent by').selectOption({ label: 'news@acme.example' });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await said('Saved');
  await go('/settings');
  assert.equal(await page.getByLabel('Known to recipients as').inputValue(), 'Acme of Rome');
  const { settings } = await api(page, 'GET', '/tenant');
  assert.equal(settings.brand.color, '#0a7f42');
  assert.equal(settings.double_opt_in.sender_id, sender.id);
});

story('a key for programs is shown once, works, and is revoked', async () => {
  await go('/team?tab=keys&new=1');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Nightly export');
  await dialog.getByLabel('Role').selectOption('viewer');
  await dialog.getByRole('button', { name: 'Make key' }).click();
  const key = await dialog.getByLabel('Key', { exact: true }).inputValue();
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  const asks = () => fetch(`${server.url}/api/v1/contacts?limit=1`, { headers: { Authorization: `Bearer ${key}` } });
  assert.equal((await asks()).status, 200);
  assert.ok(!(await page.locator('main').innerText()).includes(key));
  await page.getByRole('button', { name: 'Revoke…' }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await said('Revoked');
  assert.equal((await asks()).status, 401);
});

story('somebody new signs in, sees what their role may do, and is shut out when disabled', async () => {
  await go('/team?new=1');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('E-mail').fill('mona@example.org');
  await dialog.getByLabel('Name').fill('Mona');
  await dialog.getByLabel('Password').fill('ten letters at least');
  await dialog.getByRole('button', { name: 'Add user' }).click();
  await said('Mona can sign in now');
  const mona = await browser.reader();
  await signIn(mona, server.url, 'mona@example.org', 'ten letters at least');
  const campaign = await campaignOf('Prepared by Mona');
  await mona.goto(`${server.url}/campaigns/${campaign.id}?step=review`);
  await mona.getByText('You may prepare campaigns, but not launch them.', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Actions for Mona' }).click();
  await page.getByRole('menuitem', { name: /^Disable/ }).click();
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await said('Disabled');
  await mona.goto(`${server.url}/contacts`);
  await mona.getByLabel('Password').waitFor();
  await mona.context().close();
});

story('a picture is brought once, put into a mail, and seen by whoever gets it', async () => {
  const file = join(folder, 'house_logo.png');
  writeFileSync(file, Buffer.from(logo, 'base64'));
  await go(`/templates/${template.id}`);
  await page.getByLabel('HTML source').click();
  await page.keyboard.press('Control+Home');
  await page.getByRole('button', { name: 'Picture', exact: true }).click();
  await page.getByText('No pictures yet').waitFor();
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByLabel('HTML source').getByText('house logo').waitFor();
  const shown = page.frameLocator('iframe').getByRole('img', { name: 'house logo' });
  await until('the picture in the preview', () => shown.evaluate((image) => image.complete && image.naturalWidth === 10));
  const url = await shown.getAttribute('src');
  const answer = await fetch(url);
  assert.equal(answer.headers.get('content-type'), 'image/png');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), readFileSync(file));
  await page.getByRole('button', { name: 'Picture', exact: true }).click();
  await page.getByRole('button', { name: 'Put in house_logo.png' }).waitFor();
  await page.locator('input[type=file]').setInputFiles({ name: 'bad.png', mimeType: 'image/png', buffer: Buffer.from('<svg onload="x()"/>') });
  await page.getByRole('alert').getByText('no PNG, JPEG, GIF or WebP').waitFor();
  await page.getByRole('button', { name: 'Delete house_logo.png' }).click();
  await page.getByRole('dialog', { name: 'Delete this picture?' }).getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No pictures yet').waitFor();
  assert.equal((await fetch(url)).status, 404);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard' }).click();
});

test('nothing went wrong on the way', () => assert.deepEqual(page.trouble, []));
