// What is refused, and how.
import assert from 'node:assert/strict';
import { httpStatus } from './caller.mjs';
import { test } from './harness.mjs';
import { call, initialize, initializeRequest, post, request, send } from './raw.mjs';

const tokens = { 'token-of-ada': 'ada' };

test('no token and a wrong token are 401, with a challenge', async (lab) => {
  const server = await lab.server({ tokens });
  const { id } = await initialize(server, { token: 'token-of-ada' });

  for (const options of [{}, { token: 'wrong' }, { id }, { id, token: 'wrong' }]) {
    const answers = [
      await post(server, initializeRequest(), options),
      await post(server, call('whoami'), options),
      await send(server, 'GET', options),
      await send(server, 'DELETE', options),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get('www-authenticate'), /^Bearer/);
    }
  }
  assert.equal((await post(server, call('whoami'), { id, token: 'token-of-ada' })).status, 200);
});

test('the SDK reports a wrong token as 401', async (lab) => {
  const server = await lab.server({ tokens });

  const refusal = lab.caller(server, { token: 'wrong' });

  await assert.rejects(refusal, (error) => httpStatus(error) === 401);
});

test('a call without a session id is 400', async (lab) => {
  const server = await lab.server();

  const answer = await post(server, call('whoami'));

  assert.equal(answer.status, 400);
  assert.equal(answer.json.error.code, -32600);
});

const MODERN = '2026-07-28';

function modern(method, params = {}) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientInfo': { name: 'modern', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return request(method, { ...params, _meta });
}

test('a client of 2026-07-28 is answered by a legacy server', async (lab) => {
  const server = await lab.server();
  const { id } = await initialize(server);
  const probes = [
    [modern('server/discover'), {}, 'Session id required: served revisions: '],
    [modern('tools/list'), {}, 'Session id required: served revisions: '],
    [modern('tools/call', { name: 'whoami', arguments: {} }), { id }, 'Unsupported protocol version: served revisions: '],
  ];

  for (const [message, options, text] of probes) {
    const headers = { 'mcp-method': message.method };
    const answer = await post(server, message, { ...options, revision: MODERN, headers });

    assert.equal(answer.status, 400);
    assert.equal(answer.id, null);
    assert.equal(answer.json.id, message.id);
    assert.equal(answer.json.error.code, -32600);
    assert.ok(answer.json.error.message.startsWith(text), answer.json.error.message);
    for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])
      assert.ok(answer.json.error.message.includes(revision), revision);
  }
});
