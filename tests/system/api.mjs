// The HTTP API as a program meets it. Every JSON answer is checked against the server's own OpenAPI document.
import Ajv2020 from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export class Api {
  static async open(url, key) {
    const self = new Api();
    self.url = url;
    self.key = key;
    const answer = await fetch(`${url}/api/v1/openapi.json`);
    self.document = await answer.json();
    self.ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
    formats(self.ajv);
    self.ajv.addSchema(self.document, 'openapi');
    self.patterns = Object.keys(self.document.paths).map((path) => ({
      path,
      expression: new RegExp('^' + path.replace(/[.+*?^$()[\]\\|]/g, '\\$&').replace(/\{[^}]+\}/g, '([^/]+)') + '$'),
      literal: path.replace(/\{[^}]+\}/g, '').length,
    })).sort((a, b) => b.literal - a.literal);
    return self;
  }

  // The same API through another server of the installation.
  at(url) {
    return Object.assign(Object.create(Api.prototype), this, { url });
  }

  as(key) {
    return Object.assign(Object.create(Api.prototype), this, { key });
  }

  // status, headers and body; throws when the answer is not what the document promises.
  async call(method, path, body, headers = {}) {
    const sent = { ...(this.key ? { authorization: `Bearer ${this.key}` } : {}), ...headers };
    let payload = body;
    if (body !== undefined && typeof body !== 'string' && !(body instanceof ReadableStream) && !Buffer.isBuffer(body)) {
      payload = JSON.stringify(body);
      sent['content-type'] ??= 'application/json';
    }
    const answer = await fetch(`${this.url}/api/v1${path}`, { method, headers: sent, body: payload, ...(body instanceof ReadableStream ? { duplex: 'half' } : {}) });
    const text = await answer.text();
    const type = answer.headers.get('content-type') ?? '';
    const parsed = /json/.test(type) && text ? JSON.parse(text) : text;
    this.check(method, path, answer.status, type, parsed);
    return { status: answer.status, headers: answer.headers, body: parsed };
  }

  // The body of a call that must succeed.
  async good(method, path, body, headers) {
    const answer = await this.call(method, path, body, headers);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
  get(path, headers) { return this.good('GET', path, undefined, headers); }
  post(path, body, headers) { return this.good('POST', path, body, headers); }
  put(path, body, headers) { return this.good('PUT', path, body, headers); }
  patch(path, body, headers) { return this.good('PATCH', path, body, headers); }
  delete(path) { return this.good('DELETE', path); }

  // All items of a list, page by page.
  async all(path) {
    const items = [];
    let cursor = null;
    do {
      const page = await this.get(`${path}${path.includes('?') ? '&' : '?'}limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }

  check(method, target, status, type, body) {
    const path = '/api/v1' + target.split('?')[0];
    const found = this.patterns.find((p) => p.expression.test(path) || p.expression.test(path.replace('/api/v1', '')));
    if (!found) {
      if (status === 404) return;
      throw new Error(`${method} ${path} is not in the OpenAPI document`);
    }
    const operation = this.document.paths[found.path][method.toLowerCase()];
    if (!operation) {
      if (status === 405) return;
      throw new Error(`${method} ${found.path} is not in the OpenAPI document`);
    }
    const answer = operation.responses[status] ?? operation.responses[`${String(status)[0]}XX`] ?? operation.responses.default;
    if (!answer) throw new Error(`${method} ${found.path} answered ${status}, which its OpenAPI description does not know`);
    const content = answer.$ref ? this.resolve(answer.$ref).content : answer.content;
    const media = content?.[type.split(';')[0]];
    if (!media?.schema || typeof body === 'string') return;
    const pointer = `openapi#/paths/${found.path.replace(/~/g, '~0').replace(/\//g, '~1')}/${method.toLowerCase()}/responses/${status}/content/${type.split(';')[0].replace(/\//g, '~1')}/schema`;
    const validate = media.schema.$ref ? this.ajv.getSchema(`openapi${media.schema.$ref}`) : this.ajv.getSchema(encodeURI(pointer)) ?? this.ajv.compile(media.schema);
    if (validate && !validate(body)) {
      throw new Error(`${method} ${found.path} answered ${status} against its OpenAPI schema: ${this.ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 500)}`);
    }
  }

  resolve(reference) {
    return reference.slice(2).split('/').reduce((node, part) => node[part.replace(/~1/g, '/').replace(/~0/g, '~')], this.document);
  }
}
