// Every page of the console on the demo's data: what axe finds in both themes, narrow screens, the keyboard, deep links, an ended
// session, hostile content, and how much is loaded first.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { until } from '../system/patience.mjs';
import { pagesOf } from './pages.mjs';
import { fill } from './sample.mjs';
import { api, Browser, Demo, picture, settled, signIn } from './stage.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let demo;
let browser;
let page;

before(async () => {
  demo = await Demo.start();
  browser = await Browser.start();
  page = await browser.reader();
  await signIn(page, demo.url, demo.email, demo.password);
  await fill(page);
});

after(async () => {
  await browser?.stop();
  await demo?.stop();
});

// Injected as a debugger would, so that the page's own policy stays as strict as it is.
async function findings(reader) {
  await reader.evaluate(axe);
  const report = await reader.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], rules: { region: { enabled: false } } }));
  return report.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical').map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? node.all[0]?.message ?? ''}`).join(' | ')}`);
}

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing serious on any page in the ${theme} theme`, async () => {
    const reader = await browser.reader({ theme });
    const found = [];
    await reader.goto(`${demo.url}/sign-in`);
    await reader.getByLabel('Password').waitFor();
    found.push(...(await findings(reader)).map((one) => `sign-in: ${one}`));
    await signIn(reader, demo.url, demo.email, demo.password);
    for (const [name, path] of Object.entries(await pagesOf(reader))) {
      await reader.goto(demo.url + path);
      await settled(reader);
      found.push(...(await findings(reader)).map((one) => `${name}: ${one}`));
    }
    assert.deepEqual(found, []);
    assert.deepEqual(reader.trouble, []);
    await reader.context().close();
  });
}

for (const width of [360, 2560]) {
  test(`no page needs sideways scrolling at ${width} pixels`, async () => {
    const reader = await browser.reader({ width, height: 800 });
    await signIn(reader, demo.url, demo.email, demo.password);
    const wide = [];
    for (const [name, path] of Object.entries(await pagesOf(reader))) {
      await reader.goto(demo.url + path);
      await settled(reader);
      // Times are as long as they get, whenever this runs.
      const over = await reader.evaluate(() => {
        for (const time of document.querySelectorAll('main time')) if (time.firstChild) time.firstChild.data = '30 September 2026, 23:59';
        return document.documentElement.scrollWidth - window.innerWidth;
      });
      if (over > 0) wide.push(`${name}: ${over} px too wide`);
    }
    assert.deepEqual(wide, []);
    await reader.context().close();
  });
}

test('the palette finds a page, a contact and an action by keyboard alone', async () => {
  await page.goto(demo.url);
  await settled(page);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('suppress');
  await page.locator('[role=option][aria-selected=true]', { hasText: 'Suppressions' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Suppressions', level: 1 }).waitFor();
  // Names repeat in the demo and words are found by their beginning: the whole address is what singles out one person.
  const people = (await api(page, 'GET', '/contacts?limit=200')).items;
  const contact = people.find((one) => people.filter((other) => other.email.startsWith(one.email.split('@')[0])).length > 1) ?? people[0];
  await page.keyboard.press('Control+k');
  await page.keyboard.type(contact.email);
  await page.locator('[role=option][aria-selected=true]', { hasText: contact.email }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/contacts/${contact.id}`);
  await page.keyboard.press('Control+k');
  const common = people.map((one) => one.email.slice(0, 2)).find((two) => people.filter((one) => one.email.startsWith(two)).length > 8);
  await page.keyboard.type(common);
  await page.getByRole('option', { name: `All contacts that fit “${common}”` }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+k');
  await page.keyboard.type('new seg');
  await page.locator('[role=option][aria-selected=true]', { hasText: 'New segment' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'New segment', level: 1 }).waitFor();
});

test('g and a letter goes, ? shows the keys, Escape closes', async () => {
  await page.goto(demo.url);
  await settled(page);
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await page.getByRole('heading', { name: 'Segments', level: 1 }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('a page is reached, left and used without a mouse, and the focus can be seen', async () => {
  await page.goto(`${demo.url}/campaigns`);
  await settled(page);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the page');
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return true;
      const style = getComputedStyle(element);
      return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none' || element.closest('.input')?.matches(':focus-within');
    });
    assert.ok(seen, `the focus on ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120))} cannot be seen`);
  }
});

test('filters, tabs and columns are in the address and come back from it', async () => {
  await page.goto(`${demo.url}/contacts?tag=customer&columns=name,phone`);
  await settled(page);
  assert.equal(await page.getByLabel('Tag', { exact: true }).inputValue(), 'customer');
  await page.getByRole('columnheader', { name: 'Phone' }).waitFor();
  await page.getByLabel('Search contacts').fill('ada');
  await page.waitForURL(/search=ada/);
  await page.reload();
  await settled(page);
  assert.equal(await page.getByLabel('Search contacts').inputValue(), 'ada');
});

test('a long list is read on by scrolling, and only the rows in sight are in the document', async () => {
  await page.goto(`${demo.url}/contacts`);
  await settled(page);
  const cell = (n) => page.locator('tbody tr').nth(n);
  await cell(3).waitFor();
  await until('two hundred contacts', async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    return /2\d\d (of|row)/.test(await page.locator('.table-foot').innerText());
  });
  assert.ok((await page.locator('tbody tr').count()) < 120);
});

test('an ended session asks for the password again and keeps what was typed', async () => {
  const reader = await browser.reader();
  await signIn(reader, demo.url, demo.email, demo.password);
  await reader.goto(`${demo.url}/contacts?new=1`);
  await reader.getByLabel('E-mail').fill('kept@example.org');
  await settled(reader);
  await reader.context().clearCookies();
  const dialog = reader.getByRole('dialog', { name: 'Your session has ended' });
  // What the page asks for by itself may meet the ended session before we do: then the dialog is in front of the button already.
  await reader.getByRole('button', { name: 'Add contact' }).click({ timeout: 2000 }).catch(() => dialog.waitFor());
  await dialog.getByLabel('Password').fill(demo.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await reader.getByRole('dialog', { name: 'New contact' }).getByLabel('E-mail').inputValue(), 'kept@example.org');
  await reader.getByRole('button', { name: 'Add contact' }).click();
  await reader.getByRole('heading', { name: 'kept@example.org' }).waitFor();
  await reader.context().close();
});

test('a deep link leads through sign-in to its page', async () => {
  const reader = await browser.reader();
  await reader.goto(`${demo.url}/audit?entity_type=campaign`);
  await reader.getByLabel('Password').waitFor();
  await reader.getByLabel('E-mail').fill(demo.email);
  await reader.getByLabel('Password').fill('wrong password');
  await reader.getByRole('button', { name: 'Sign in' }).click();
  await reader.getByRole('alert').waitFor();
  await reader.getByLabel('Password').fill(demo.password);
  await reader.getByRole('button', { name: 'Sign in' }).click();
  await reader.waitForURL('**/audit?entity_type=campaign');
  await reader.context().close();
});

test('a viewer sees every page, is offered nothing to change, and asks for nothing that is forbidden', async () => {
  const viewer = { email: 'viewer@example.org', password: 'only looking around' };
  await page.goto(demo.url);
  await settled(page);
  await api(page, 'POST', '/users', { ...viewer, role: 'viewer', name: 'Vera' });
  const reader = await browser.reader();
  const refused = [];
  reader.on('response', (response) => response.status() === 403 && refused.push(`${response.request().method()} ${response.url()}`));
  await signIn(reader, demo.url, viewer.email, viewer.password);
  const pages = await pagesOf(reader);
  for (const name of Object.keys(pages).filter((one) => !/^team|-new/.test(one))) {
    await reader.goto(demo.url + pages[name]);
    await settled(reader);
    for (const label of ['New campaign', 'New contact', 'New segment', 'New template', 'Import a file', 'Suppress an address', 'Add a sender', 'Add a provider', 'Save', 'Edit', 'Record…'])
      assert.equal(await reader.getByRole('button', { name: label, exact: true }).count(), 0, `${name} offers "${label}"`);
  }
  assert.equal(await reader.getByRole('link', { name: 'Team & API keys' }).count(), 0);
  assert.deepEqual(refused, []);
  assert.deepEqual(reader.trouble, []);
  await reader.context().close();
});

test('a server that fails is told on every page, with a way to try again, and never by an empty list', async () => {
  const reader = await browser.reader();
  await signIn(reader, demo.url, demo.email, demo.password);
  const pages = await pagesOf(reader);
  await reader.route(/\/api\/v1\/(?!session|openapi)/, (route) => (route.request().method() === 'GET' ? route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Internal error', status: 500, detail: 'The disk is full.' }) }) : route.continue()));
  const silent = [];
  for (const name of ['home', 'campaigns', 'campaign-report', 'templates', 'template', 'contacts', 'contact', 'segments', 'segment', 'imports', 'suppressions', 'messages', 'message-sent', 'events', 'senders', 'jobs', 'audit', 'team', 'settings']) {
    await reader.goto(demo.url + pages[name]);
    const told = await reader.getByRole('alert').filter({ hasText: 'The disk is full.' }).first().waitFor({ timeout: 5000 }).then(() => true, () => false);
    const again = told && (await reader.getByRole('button', { name: 'Try again' }).first().waitFor({ timeout: 5000 }).then(() => true, () => false));
    if (!again) silent.push(name);
  }
  assert.deepEqual(silent, []);
  await reader.context().close();
});

test('hostile names run nothing, on any page', async () => {
  const reader = await browser.reader();
  await signIn(reader, demo.url, demo.email, demo.password);
  const names = ['<img src=x onerror="window.ran=1"><script>window.ran=1</script>', '{{7*7}}${7*7}<svg onload=window.ran=1>', '\u202Egnp.exe \u0645\u0631\u062D\u0628\u0627', `"><iframe srcdoc="<script>top.ran=1</script>">${'long '.repeat(30)}`];
  let segment;
  for (const [index, name] of names.entries()) {
    const contact = await api(reader, 'POST', '/contacts', { email: `hostile${index}@example.org`, first_name: name.slice(0, 190), tags: [`<b>${index}</b>`], attributes: { bad: name } });
    segment = await api(reader, 'POST', '/segments', { name, description: name, conditions: { type: 'attribute', field: 'attributes.bad', operator: 'equals', value: name } });
    const template = await api(reader, 'POST', '/templates', { name, channel: 'email', subject: name.replaceAll('{{', '{ {'), html_body: `<p onclick="top.ran=1">{{ contact.first_name }}</p><script>top.ran=1</script><img src=x onerror="top.ran=1"><form action="https://example.com"><input autofocus onfocus="top.ran=1"></form><a href="{{ unsubscribe_url }}">u</a>` });
    const campaign = await api(reader, 'POST', '/campaigns', { name, type: 'broadcast', segment_ids: [segment.id], template_id: template.id });
    for (const path of [`/contacts/${contact.id}`, `/contacts/${contact.id}?tab=history`, `/segments/${segment.id}`, `/templates/${template.id}`, `/campaigns/${campaign.id}`, `/campaigns/${campaign.id}?step=review`]) {
      await reader.goto(demo.url + path);
      await settled(reader);
      assert.equal(await reader.evaluate(() => window.ran), undefined, `a script ran on ${path}`);
    }
  }
  for (const [name, path] of Object.entries(await pagesOf(reader))) {
    await reader.goto(demo.url + path);
    await settled(reader);
    assert.equal(await reader.evaluate(() => window.ran), undefined, `a script ran on ${name}`);
    assert.ok(!(await reader.locator('main').innerText()).includes('49$49'), `something was calculated on ${name}`);
  }
  // The sandbox of the preview stops scripts before the policy has to: both may tell, neither lets one run.
  assert.deepEqual(reader.trouble.filter((one) => !/about:srcdoc|sandbox/.test(one)), []);
  await reader.context().close();
});

test('scripts come from the server alone, and the first pages stay below 250 kB', async () => {
  const reader = await browser.reader();
  let bytes = 0;
  const session = await reader.context().newCDPSession(reader);
  await session.send('Network.enable');
  session.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength));
  const answer = await reader.goto(`${demo.url}/sign-in`);
  const policy = answer.headers()['content-security-policy'];
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /object-src 'none'/);
  await signIn(reader, demo.url, demo.email, demo.password);
  await settled(reader);
  assert.ok(bytes < 250_000, `${bytes} bytes were loaded for sign-in and home`);
  console.log(`sign-in and home: ${Math.round(bytes / 1000)} kB over the wire`);
  await reader.context().close();
});

test('the theme that was chosen stays, and the system decides otherwise', async () => {
  const reader = await browser.reader({ theme: 'dark' });
  await signIn(reader, demo.url, demo.email, demo.password);
  const ground = () => reader.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await reader.goto(`${demo.url}/settings`);
  await settled(reader);
  await reader.getByRole('button', { name: 'Light', exact: true }).click();
  await reader.locator('button[aria-pressed=true]', { hasText: 'Light' }).waitFor();
  const light = await ground();
  assert.notEqual(light, dark);
  await reader.reload();
  await settled(reader);
  assert.equal(await ground(), light);
  await reader.context().close();
});

test('no page of the whole visit had trouble', async () => {
  if (page.trouble.length) console.log(await picture(page, 'trouble'));
  assert.deepEqual(page.trouble, []);
});
