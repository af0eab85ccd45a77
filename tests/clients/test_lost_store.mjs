// The store is gone: who can show whose the id is goes on under it, others get a clean 404.
import assert from 'node:assert/strict';
import { httpStatus } from './caller.mjs';
import { test } from './harness.mjs';
import { call, post } from './raw.mjs';

const tokens = { 'token-of-ada': 'ada' };
const token = 'token-of-ada';

async function lose(server, what) {
  await server.stop();
  server.loseStore(what);
  await server.start();
}

async function isRecreatedAfter(lab, { options, loss }) {
  const server = await lab.server(options.token ? { tokens } : {});
  const caller = await lab.caller(server, options);
  const id = caller.id;
  await caller.remember('colour', 'green');
  const before = await caller.whoami();

  await lose(server, loss);

  const answer = await caller.call('recall', { key: 'colour' });
  assert.equal(answer.isError, true);
  assert.match(answer.content[0].text, /nothing is remembered under "colour"/);
  const after = await caller.whoami();
  assert.equal(caller.id, id);
  assert.equal(after.origin, 'recreated');
  assert.notEqual(after.incarnation, before.incarnation);
  assert.equal(after.revision, before.revision);

  await caller.remember('colour', 'blue');
  await server.restart('kill');
  assert.equal(await caller.recall('colour'), 'blue');
  assert.equal((await caller.whoami()).incarnation, after.incarnation);
  return server;
}

test('the store lost, an identified caller goes on under the same id', async (lab) => {
  const server = await isRecreatedAfter(lab, { options: { token }, loss: {} });
  assert.match(server.stderr, /warn.*the store is not the one/);
});

test('store and key lost, an identified caller goes on under the same id', (lab) =>
  isRecreatedAfter(lab, { options: { token }, loss: { key: true } }));

test('the store lost, an anonymous caller whose id the key signed goes on', (lab) =>
  isRecreatedAfter(lab, { options: {}, loss: {} }));

test('store and key lost, an anonymous caller gets a clean 404', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);

  await lose(server, { key: true });

  const refusal = await caller.whoami().catch((error) => error);
  assert.equal(httpStatus(refusal), 404);
  const message = call('whoami');
  const answer = await post(server, message, { id: caller.id });
  assert.equal(answer.status, 404);
  assert.equal(answer.id, null);
  assert.deepEqual(answer.json, {
    jsonrpc: '2.0',
    id: message.id,
    error: {
      code: -32001,
      message: 'Session not found (HTTP 404): initialize again',
      data: { reason: 'mcp_session_terminated' },
    },
  });
});

test('after a 404 initialize brings the client back', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  await lose(server, { key: true });
  await assert.rejects(caller.whoami(), (error) => httpStatus(error) === 404);

  const again = await lab.caller(server);

  assert.notEqual(again.id, caller.id);
  assert.equal((await again.whoami()).origin, 'created');
});

test('an id that somebody made up is a 404 for anonymous callers', async (lab) => {
  const server = await lab.server();

  for (const id of ['x', 'm1.forged', '9'.repeat(128)]) {
    const answer = await post(server, call('whoami'), { id });
    assert.equal(answer.status, 404, id);
  }
});
