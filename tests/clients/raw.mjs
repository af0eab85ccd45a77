// Requests as bytes on the wire, for what the SDK would never send.
import http from 'node:http';
import { text } from 'node:stream/consumers';

export function headersFor({ id, token, revision, headers }) {
  return {
    accept: 'application/json, text/event-stream',
    ...(id && { 'mcp-session-id': id }),
    ...(token && { authorization: `Bearer ${token}` }),
    ...(revision && { 'mcp-protocol-version': revision }),
    ...headers,
  };
}

async function readAnswer(response) {
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';

  return {
    status: response.status,
    headers: response.headers,
    id: response.headers.get('mcp-session-id'),
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

// OPTIONS: id, token, revision, further headers.
export async function send(server, method, options = {}, body = undefined) {
  const headers = headersFor(options);

  if (body !== undefined) headers['content-type'] = 'application/json';
  return readAnswer(
    await fetch(server.url, { method, headers, body: body && JSON.stringify(body) }),
  );
}

export function post(server, message, options) {
  return send(server, 'POST', options, message);
}

// Begin to post MESSAGE: half of it. finish() sends the rest; answer resolves with {status, text}.
export function postHalf(server, message, options) {
  const body = Buffer.from(JSON.stringify(message));
  const half = body.length >> 1;
  const headers = {
    ...headersFor(options),
    'content-type': 'application/json',
    'content-length': body.length,
  };
  const request = http.request(server.url, { method: 'POST', headers, agent: false });
  const answer = new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', async (response) =>
      resolve({ status: response.statusCode, text: await text(response) }),
    );
  });

  answer.catch(() => {}); // whoever waits for it is told
  request.write(body.subarray(0, half));
  return { answer, finish: () => request.end(body.subarray(half)) };
}

let lastId = 0;

export function request(method, params = {}) {
  return { jsonrpc: '2.0', id: ++lastId, method, params };
}

export function call(name, args = {}) {
  return request('tools/call', { name, arguments: args });
}

// A call that tells how far it is, under TOKEN.
export function slowCount(args, token = 'token') {
  const meta = { _meta: { progressToken: token } };
  return request('tools/call', { name: 'slow_count', arguments: args, ...meta });
}

export function initializeRequest({ version = '2025-11-25', capabilities = {} } = {}) {
  const clientInfo = { name: 'mcps-raw', version: '1' };
  return request('initialize', { protocolVersion: version, capabilities, clientInfo });
}

const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };

// Begin a session of VERSION; gives its id and the result of initialize.
export async function initialize(server, { version, capabilities, ...options } = {}) {
  const answer = await post(server, initializeRequest({ version, capabilities }), options);

  if (answer.status !== 200) throw new Error(`initialize: ${answer.status} ${answer.text}`);
  const revision = answer.json.result.protocolVersion;
  const second = await post(server, initialized, { ...options, id: answer.id, revision });
  if (second.status !== 202) throw new Error(`initialized: ${second.status} ${second.text}`);
  return { id: answer.id, result: answer.json.result };
}
