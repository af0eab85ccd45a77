// A client of the SDK with its transport, as programs use it.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { PATIENCE_MS } from './deadline.mjs';

// How a client comes back for its streams that would rather not wait.
const EAGER = {
  initialReconnectionDelay: 50,
  reconnectionDelayGrowFactor: 1,
  maxReconnectionDelay: 50,
  maxRetries: 1200,
};

export class Caller {
  gets = []; // {after, status}: how it listened and resumed
  mayListen = Promise.resolve(); // its GETs wait for that
  #answered = new Set(); // who waits for one of them

  // A TOKEN identifies; with an ID the session of before goes on without initialize. A caller
  // that IS_EAGER does not wait long before it resumes. SDK: the classes of another version.
  static async connect(server, options = {}) {
    const { token, id, isEager = false, capabilities = {} } = options;
    const { sdk = { Client, StreamableHTTPClientTransport } } = options;
    const self = new Caller();
    const headers = token ? { authorization: `Bearer ${token}` } : {};

    self.client = new sdk.Client({ name: 'mcps-tests', version: '1' }, { capabilities });
    self.transport = new sdk.StreamableHTTPClientTransport(new URL(server.url), {
      sessionId: id,
      requestInit: { headers },
      fetch: (url, init) => self.#fetch(url, init),
      ...(isEager && { reconnectionOptions: EAGER }),
    });
    await self.client.connect(self.transport, { timeout: PATIENCE_MS });
    return self;
  }

  async #fetch(url, init) {
    if (init.method === 'GET') await this.mayListen;
    const answer = await fetch(url, init);

    if (init.method === 'GET') {
      this.gets.push({ after: init.headers.get('last-event-id'), status: answer.status });
      this.#answered.forEach((look) => look());
    }
    return answer;
  }

  get resumed() {
    return this.gets.filter(({ after }) => after !== null);
  }

  #when(isSo) {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        this.#answered.delete(look);
        resolve();
      };
      this.#answered.add(look);
      look();
    });
  }

  // Resolves when it listens.
  listens() {
    return this.#when(() => this.gets.length > 0);
  }

  // Resolves when it has resumed COUNT streams.
  resumes(count) {
    return this.#when(() => this.resumed.length >= count);
  }

  get id() {
    return this.transport.sessionId;
  }

  call(tool, args = {}, options = {}) {
    const request = { name: tool, arguments: args };
    return this.client.callTool(request, undefined, { timeout: PATIENCE_MS, ...options });
  }

  // The text that a tool answered; a tool that failed is an error here.
  async text(tool, args) {
    const result = await this.call(tool, args);

    if (result.isError) throw new Error(`${tool} failed: ${result.content[0].text}`);
    return result.content[0].text;
  }

  async fields(tool, args) {
    const result = await this.call(tool, args);

    if (result.isError) throw new Error(`${tool} failed: ${result.content[0].text}`);
    return result.structuredContent;
  }

  remember(key, value) {
    return this.text('remember', { key, value });
  }

  recall(key) {
    return this.text('recall', { key });
  }

  whoami() {
    return this.fields('whoami');
  }

  async count(scope = 'session') {
    return (await this.fields('count', { scope })).count;
  }

  terminate() {
    return this.transport.terminateSession();
  }

  close() {
    return this.client.close();
  }
}

// The HTTP status that a call failed with; undefined for other failures.
export function httpStatus(error) {
  return error instanceof StreamableHTTPError ? error.code : undefined;
}
