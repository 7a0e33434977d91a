// Something on every page: an import with refused rows, a suppression, consent that was withdrawn, engagement, an event of their own.
import { api } from './stage.mjs';

export const csv = 'E-Mail;Vorname;Nachname;Plan;Tags\nmaria@example.org;Maria;Rossi;pro;vip|italy\nnot-an-address;Bad;Row;free;\nolaf@example.org;Olaf;Ødegård;free;norway\nmaria@example.org;Maria;Twice;pro;\n';

// Ten pixels square, of one colour.
export const logo = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC';

export async function fill(page) {
  const people = (await api(page, 'GET', '/contacts?limit=20')).items;
  const [first, second] = people;
  await api(page, 'POST', '/suppressions', { email_address: second.email, reason: 'complaint', source: 'console' });
  await api(page, 'PUT', `/contacts/${first.id}/consents/email/marketing`, { status: 'denied', source: 'phone call' });
  await api(page, 'POST', '/events', { type: 'trial_started', contact_id: first.id, properties: { plan: 'team', seats: 5 } }).catch(() => undefined);
  // A few readers open and click.
  const inbox = await api(page, 'GET', '/inbox?limit=40');
  for (const [index, mail] of inbox.items.entries()) {
    const pixel = /src="([^"]*\/o\/[^"]+)"/.exec(mail.html)?.[1];
    const link = /href="([^"]*\/c\/[^"]+)"/.exec(mail.html)?.[1];
    const get = (url) => url && page.request.get(url, { maxRedirects: 0, headers: { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130 Safari/537.36' } }).catch(() => undefined);
    if (index % 2 === 0) await get(pixel);
    if (index % 5 === 0) await get(link);
  }
  await page.evaluate(async (picture) => {
    const session = await (await fetch('/api/v1/session')).json();
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
    await fetch('/api/v1/images?name=logo.png', { method: 'POST', headers: { 'Content-Type': 'image/png', 'X-CSRF-Token': session.csrf_token }, body: bytes });
  }, logo);
  await page.evaluate(async (text) => {
    const session = await (await fetch('/api/v1/session')).json();
    await fetch('/api/v1/imports?filename=autumn%20fair.csv&consent=email.marketing&consent_source=autumn%20fair', { method: 'POST', headers: { 'Content-Type': 'text/csv', 'X-CSRF-Token': session.csrf_token }, body: text });
  }, csv);
}
