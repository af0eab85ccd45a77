// MCP over one kept-alive connection, without a client library: fast, and it hides nothing.
import http from 'node:http';

const ANSWER_MS = 60_000; // only a server that hangs takes as long

let lastId = 0;

export class Wire {
  #agent = null;
  #made = -1; // how often the server had been stopped when the agent was made

  constructor(server, token) {
    this.server = server;
    this.token = token;
  }

  // A connection to a process that is gone is never tried again.
  #connection() {
    if (this.#made !== this.server.stopped) {
      this.#agent?.destroy();
      this.#agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      this.#made = this.server.stopped;
    }
    return this.#agent;
  }

  #headers(id, revision) {
    return {
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${this.token}`,
      ...(id && { 'mcp-session-id': id, 'mcp-protocol-version': revision }),
    };
  }

  // Resolves with {status, id, type, text, json} when the whole answer is here.
  send(method, id, message) {
    const body = message && Buffer.from(JSON.stringify(message));
    const headers = this.#headers(id, '2025-11-25');

    if (body) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = body.length;
    }
    return new Promise((resolve, reject) => {
      const options = { method, headers, agent: this.#connection(), timeout: ANSWER_MS };
      const request = http.request(this.server.url, options, (response) =>
        collect(response, resolve, reject),
      );
      request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  initialize() {
    const clientInfo = { name: 'mcps-ledger', version: '1' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    return this.send('POST', null, { jsonrpc: '2.0', id: ++lastId, method: 'initialize', params });
  }

  call(id, name, args = {}) {
    const params = { name, arguments: args };
    return this.send('POST', id, { jsonrpc: '2.0', id: ++lastId, method: 'tools/call', params });
  }

  delete(id) {
    return this.send('DELETE', id);
  }

  close() {
    this.#agent?.destroy();
  }
}

function collect(response, resolve, reject) {
  const parts = [];

  response.on('data', (part) => parts.push(part));
  response.on('error', reject);
  response.on('end', () => {
    const text = Buffer.concat(parts).toString();
    const type = response.headers['content-type'];
    resolve({
      status: response.statusCode,
      id: response.headers['mcp-session-id'],
      type,
      text,
      json: type === 'application/json' ? JSON.parse(text) : undefined,
    });
  });
}
