// A client of the SDK with its transport, as programs use it.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const CALL_MS = 10_000;

export class Caller {
  // A TOKEN identifies; with an ID the session of before goes on without initialize.
  static async connect(server, { token, id, capabilities = {} } = {}) {
    const self = new Caller();
    const headers = token ? { authorization: `Bearer ${token}` } : {};

    self.client = new Client({ name: 'mcps-tests', version: '1' }, { capabilities });
    self.transport = new StreamableHTTPClientTransport(new URL(server.url), {
      sessionId: id,
      requestInit: { headers },
    });
    await self.client.connect(self.transport, { timeout: CALL_MS });
    return self;
  }

  get id() {
    return this.transport.sessionId;
  }

  call(tool, args = {}, options = {}) {
    const request = { name: tool, arguments: args };
    return this.client.callTool(request, undefined, { timeout: CALL_MS, ...options });
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
