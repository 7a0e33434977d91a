// What a Node team would write for the same reads: Fastify with `pg`, a prepared statement, a pool, an API key looked up in memory.
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';

const COLUMNS = 'id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at';

export function start_fastify(database, tenant) {
  const child = fork(new URL(import.meta.url).pathname, ['serve', database, tenant], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the Fastify peer ended with ${code}`)));
    child.once('message', ({ url }) => resolve({ url, pid: child.pid, stop: () => new Promise((gone) => { child.removeAllListeners('exit'); child.once('exit', gone); child.kill(); }) }));
  });
}

if (process.argv[2] === 'serve') {
  const require = createRequire(new URL('./peers/', import.meta.url));
  const Fastify = require('fastify');
  const pg = require('pg');
  const [, , , database, tenant] = process.argv;
  const db = new pg.Pool({ connectionString: database, max: 12, options: '-c search_path=postrider' });
  const app = Fastify();
  app.get('/contacts/:id', async (request, reply) => {
    const { rows } = await db.query({ name: 'one', text: `select ${COLUMNS} from contacts where tenant_id = $1 and id = $2`, values: [tenant, request.params.id] });
    return rows[0] ?? reply.code(404).send({ error: 'not found' });
  });
  app.get('/contacts', async (request) => {
    const limit = Number(request.query.limit ?? 50);
    const { rows } = await db.query({ name: 'list', text: `select ${COLUMNS} from contacts where tenant_id = $1 order by id desc limit $2`, values: [tenant, limit] });
    return { items: rows, next_cursor: rows.length === limit ? rows.at(-1).id : null };
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  process.send({ url });
}
