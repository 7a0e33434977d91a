// Files of contacts from outside: staged, looked at, committed, undone; sent as forms; broken in every usual way; and a server that
// dies in the middle of a commit.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Installation, databases } from './installation.mjs';
import { until } from './patience.mjs';
import { binary } from './server.mjs';

const csv = { 'content-type': 'text/csv' };
const consent = 'consent=email.marketing&consent_source=signup+form';

function ended(api, id) {
  return until('the import to end', async () => {
    const now = await api.get(`/imports/${id}`);
    return now.status !== 'running' && now;
  }, 180);
}

function many(count) {
  const rows = ['email,first_name,tags'];
  for (let i = 0; i < count; ++i) rows.push(`person${i}@example.net,Person ${i},lead|trial`);
  return rows.join('\r\n') + '\r\n';
}

for (const kind of databases) {
  test(`a file is staged, looked at, committed and undone (${kind})`, async () => {
    const home = await Installation.make(kind);
    try {
      const { api } = home;
      const known = await api.post('/contacts', { email: 'known@example.net', first_name: 'Known', attributes: { plan: 'free' } });
      const file = 'E-Mail;First Name;Plan;Tags;Notes\r\nnew@example.net;"Zoé; the first";pro;vip|early;x\r\nKNOWN@example.net;Changed;pro;;y\r\nnobody;=1+1;;;\r\nnew@example.net;Again;;;\r\n';
      const mapping = encodeURIComponent(JSON.stringify({ Notes: null }));
      const staged = await api.post(`/imports?${consent}&mapping=${mapping}&tags=spring`, file, csv);
      assert.equal(staged.status, 'staged');
      assert.deepEqual([staged.rows_total, staged.rows_created, staged.rows_updated, staged.rows_unchanged, staged.rows_rejected], [4, 1, 1, 0, 2]);
      assert.deepEqual(staged.columns.map((c) => c.field), ['email', 'first_name', 'attributes.plan', 'tags', null]);
      const rows = await api.all(`/imports/${staged.id}/rows`);
      assert.deepEqual(rows.map((r) => [r.row, r.verdict]), [[2, 'create'], [3, 'update'], [4, 'reject'], [5, 'reject']]);
      assert.equal((await api.all('/contacts')).length, 1, 'nothing is written yet');
      const rejected = await api.get(`/imports/${staged.id}/rejections`);
      assert.match(rejected, /^E-Mail,First Name,Plan,Tags,Notes,import_row,import_reason\r\nnobody,'=1\+1,,,,4,/);
      assert.match(rejected, /new@example\.net,Again,,,,5,.*row 2/);

      await api.post(`/imports/${staged.id}/commit`);
      const done = await ended(api, staged.id);
      assert.equal(done.status, 'completed');
      assert.equal(done.consents_granted, 2);
      const made = (await api.all('/contacts')).find((c) => c.email === 'new@example.net');
      assert.equal(made.first_name, 'Zoé; the first');
      assert.deepEqual(made.tags, ['early', 'spring', 'vip']);
      assert.deepEqual((await api.all(`/imports?contact_id=${made.id}`)).map((i) => i.id), [staged.id]);
      const consents = await api.all(`/consents?contact_id=${made.id}`);
      assert.deepEqual([consents[0].status, consents[0].source], ['granted', 'signup form']);
      assert.equal((await api.call('POST', `/imports/${staged.id}/commit`)).status, 409);

      await api.post(`/imports/${staged.id}/undo`);
      const undone = await ended(api, staged.id);
      assert.deepEqual([undone.status, undone.contacts_deleted, undone.contacts_restored, undone.contacts_kept], ['undone', 1, 1, 0]);
      const left = await api.all('/contacts');
      assert.deepEqual(left.map((c) => [c.id, c.first_name, c.attributes, c.tags]), [[known.id, 'Known', { plan: 'free' }, []]]);
      assert.equal((await api.all('/consents')).length, 0);
    } finally {
      await home.end();
    }
  });

  test(`a server that dies in mid-commit loses no row and doubles none (${kind})`, async () => {
    const home = await Installation.bare(kind);
    try {
      const count = 11_000;
      await home.start({ environment: { POSTRIDER_FAIL_POINTS: `${kind === 'sqlite' ? 'import.chunk' : 'import.chunk_done'}=abort:2` } });
      const started = await home.api.post(`/imports?commit=true&${consent}`, many(count), csv);
      await home.servers[0].ended;
      await home.start();
      const done = await ended(home.api, started.id);
      assert.deepEqual([done.status, done.rows_created, done.consents_granted], ['completed', count, count]);
      assert.equal((await home.api.all('/contacts')).length, count);
      const events = await home.api.all('/events?type=consent_granted');
      assert.equal(events.length, count);
      assert.equal(new Set(events.map((e) => e.contact_id)).size, count);
    } finally {
      await home.end();
    }
  });
}

test('files come as forms, with repeats under the same key, and an upload cut short leaves nothing', async () => {
  const home = await Installation.make('sqlite');
  try {
    const { api } = home;
    const form = new FormData();
    form.append('note', 'not the file');
    form.append('file', new Blob([many(5000)], { type: 'text/csv' }), 'C:\\people.csv');
    const answer = await fetch(`${api.url}/api/v1/imports`, { method: 'POST', headers: { authorization: `Bearer ${home.key}` }, body: form });
    assert.equal(answer.status, 202);
    const staged = await answer.json();
    assert.deepEqual([staged.filename, staged.rows_created], ['people.csv', 5000]);

    const keyed = { ...csv, 'idempotency-key': 'once' };
    const first = await api.post('/imports', 'email\na@x.net\n', keyed);
    const second = await api.post('/imports', 'email\na@x.net\n', keyed);
    assert.equal(second.id, first.id);
    assert.equal((await api.call('POST', '/imports', 'email\nb@x.net\n', keyed)).status, 422);

    await new Promise((resolve) => {
      const cut = request(`${api.url}/api/v1/imports`, { method: 'POST', headers: { ...csv, authorization: `Bearer ${home.key}`, 'content-length': 1_000_000 } });
      cut.on('error', () => {}).on('close', resolve);
      cut.write(many(3000), () => setTimeout(() => cut.destroy(), 50));
    });
    const failed = await until('the cut upload to fail', async () => (await api.get('/imports')).items.find((i) => i.status === 'failed'));
    assert.match(failed.error, /did not come to its end \(row \d+ was the last whole one\)/);
    assert.equal((await api.all('/contacts')).length, 0);

    assert.equal((await api.call('DELETE', `/imports/${staged.id}`)).status, 204);
    assert.equal((await api.call('GET', `/imports/${staged.id}`)).status, 404);
  } finally {
    await home.end();
  }
});

test('what cannot be imported is refused with what to do about it', async () => {
  const home = await Installation.make('sqlite');
  try {
    const { api } = home;
    const refused = async (query, body, headers, says, status = 400) => {
      const answer = await api.call('POST', `/imports${query}`, body, headers);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(answer.body.detail, says);
    };
    await refused('', '', csv, /file is empty/);
    await refused('', 'email\n', csv, /no rows below it/);
    await refused('', 'name\nJane\n', csv, /no column tells who a row is about/);
    await refused('', 'email\n"a@x.net\n', csv, /row 2: the quote opened in line 2 never ends/);
    await refused('?mapping=%7B', 'email\na@x.net\n', csv, /JSON object/);
    await refused('?mapping=%7B%22x%22%3A%22email%22%7D', 'email\na@x.net\n', csv, /no column 'x'/);
    await refused('?consent=email.marketing', 'email\na@x.net\n', csv, /consent_source/);
    await refused('?consent=email.spam&consent_source=x', 'email\na@x.net\n', csv, /channel/);
    await refused('?segment_id=00000000-0000-7000-8000-00000000abcd', 'email\na@x.net\n', csv, /segment/, 404);
    await refused('', '{}', { 'content-type': 'application/json' }, /text\/csv/, 415);
    await refused('', '--x\r\n\r\n', { 'content-type': 'multipart/form-data; boundary=x' }, /form ends before/);
    const viewer = await api.post('/api-keys', { name: 'v', role: 'viewer' });
    assert.equal((await api.as(viewer.key).call('POST', '/imports', 'email\na@x.net\n', csv)).status, 403);
  } finally {
    await home.end();
  }
});

test('the command line streams a file in and writes what it refused beside it', async () => {
  const home = await Installation.bare('sqlite');
  try {
    const file = join(home.folder, 'people.csv');
    writeFileSync(file, Buffer.from('email,first_name\r\nzoe@example.net,Zo\xe9\r\nnobody,@SUM(A1)\r\n', 'latin1'));
    const run = spawnSync(binary, ['import', 'contacts', file, '--database', home.place.database, '--secret-file', home.place.secret], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /rows 2\ncreated 1\nupdated 0\nunchanged 0\nrejected 1\n/);
    assert.match(readFileSync(join(home.folder, 'people.rejected.csv'), 'utf8'), /^email,first_name,import_row,import_reason\r\nnobody,'@SUM\(A1\),3,email: /);
    await home.start();
    assert.equal((await home.api.all('/contacts'))[0].first_name, 'Zoé');
    assert.equal((await home.api.get('/jobs')).items.filter((j) => j.queue === 'imports').length, 0);
  } finally {
    await home.end();
  }
});
