// Older revisions of the protocol, which deployed clients speak.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { call, initialize, post, request } from './raw.mjs';

function batch() {
  return [
    request('ping'),
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'none' } },
    call('echo', { text: 'hello' }),
    call('count'),
  ];
}

async function assertBatchIsAnswered(server, options, count) {
  const messages = batch();
  const answer = await post(server, messages, options);

  assert.equal(answer.status, 200, answer.text);
  const results = new Map(answer.json.map(({ id, result }) => [id, result]));
  assert.equal(results.size, 3);
  assert.deepEqual(results.get(messages[0].id), {});
  assert.equal(results.get(messages[2].id).content[0].text, 'hello');
  assert.deepEqual(JSON.parse(results.get(messages[3].id).content[0].text), { count });
}

test('initialize answers the revision that was asked for', async (lab) => {
  const server = await lab.server();

  for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    const { result } = await initialize(server, { version });
    assert.equal(result.protocolVersion, version);
  }
});

test('initialize answers the newest revision when asked for an unknown one', async (lab) => {
  const server = await lab.server();

  for (const version of ['2024-10-07', '1999-01-01']) {
    const { result } = await initialize(server, { version });
    assert.equal(result.protocolVersion, '2025-11-25');
  }
});

test('2025-03-26: a batch is answered, also after a restart', async (lab) => {
  const server = await lab.server();
  const { id } = await initialize(server, { version: '2025-03-26' });

  await assertBatchIsAnswered(server, { id }, 1);
  await server.restart('kill');
  await assertBatchIsAnswered(server, { id }, 2);
});

test('2025-06-18 and later: a batch is 400, also after a restart', async (lab) => {
  const server = await lab.server();
  const sessions = [
    await initialize(server, { version: '2025-06-18' }),
    await initialize(server, { version: '2025-11-25' }),
  ];

  for (const { id } of sessions) assert.equal((await post(server, batch(), { id })).status, 400);
  await server.restart('kill');
  for (const { id } of sessions) assert.equal((await post(server, batch(), { id })).status, 400);
});

test('a session keeps its revision over a lost store', async (lab) => {
  const server = await lab.server();
  const { id } = await initialize(server, { version: '2025-06-18' });
  await server.stop();
  server.loseStore();
  await server.start();

  const answer = await post(server, call('whoami'), { id });

  assert.equal(answer.json.result.structuredContent.origin, 'recreated');
  assert.equal(answer.json.result.structuredContent.revision, '2025-06-18');
});

test('a revision that nobody serves is 400 in the header', async (lab) => {
  const server = await lab.server();
  const { id } = await initialize(server);

  const answer = await post(server, call('whoami'), { id, revision: '1999-01-01' });

  assert.equal(answer.status, 400);
});
