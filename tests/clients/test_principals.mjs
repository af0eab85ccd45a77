// A session belongs to who began it: its id names nothing for anybody else.
import assert from 'node:assert/strict';
import { httpStatus } from './caller.mjs';
import { test } from './harness.mjs';
import { call, post, send } from './raw.mjs';

const tokens = { 'token-of-ada': 'ada', 'second-of-ada': 'ada', 'token-of-bob': 'bob' };
const bob = { token: 'token-of-bob', revision: '2025-11-25' };

async function begin(lab) {
  const server = await lab.server({ tokens });
  const ada = await lab.caller(server, { token: 'token-of-ada' });
  await ada.remember('secret', 'only for ada');
  return { server, ada, before: await ada.whoami() };
}

async function assertUntouched(ada, before) {
  assert.equal(await ada.recall('secret'), 'only for ada');
  assert.equal((await ada.whoami()).incarnation, before.incarnation);
}

test("POST with somebody else's id is served as a session of one's own", async (lab) => {
  const { server, ada, before } = await begin(lab);

  const secret = await post(server, call('recall', { key: 'secret' }), { id: ada.id, ...bob });
  const whoami = await post(server, call('whoami'), { id: ada.id, ...bob });

  assert.equal(secret.json.result.isError, true);
  assert.doesNotMatch(secret.text, /only for ada/);
  const seen = whoami.json.result.structuredContent;
  assert.equal(seen.principal, 'bob');
  assert.equal(seen.origin, 'recreated');
  assert.notEqual(seen.incarnation, before.incarnation);
  assert.equal(before.principal, 'ada');
  await assertUntouched(ada, before);
});

test("GET with somebody else's id opens none of his streams", async (lab) => {
  const { server, ada, before } = await begin(lab);
  const abort = new AbortController();
  const headers = {
    accept: 'text/event-stream',
    'mcp-session-id': ada.id,
    authorization: `Bearer ${bob.token}`,
  };

  const answer = await fetch(server.url, { headers, signal: abort.signal });

  // A server without streams says 405. One with streams may open one of bob's own.
  assert.ok([200, 404, 405].includes(answer.status), `${answer.status}`);
  abort.abort();
  await assertUntouched(ada, before);
});

test("DELETE with somebody else's id does not end his session", async (lab) => {
  const { server, ada, before } = await begin(lab);

  const stranger = await send(server, 'DELETE', { id: ada.id, ...bob });
  assert.equal(stranger.status, 404);
  await assertUntouched(ada, before);

  // Not even when the stranger has a session under that id himself.
  await post(server, call('whoami'), { id: ada.id, ...bob });
  const own = await send(server, 'DELETE', { id: ada.id, ...bob });
  const after = await post(server, call('whoami'), { id: ada.id, ...bob });
  assert.equal(own.status, 204);
  assert.equal(after.status, 404);
  await assertUntouched(ada, before);
  await server.restart('kill');
  await assertUntouched(ada, before);
});

test('after a restart an id still belongs to who began it', async (lab) => {
  const { server, ada, before } = await begin(lab);
  await server.restart('kill');

  const stranger = await post(server, call('whoami'), { id: ada.id, ...bob });

  const seen = stranger.json.result.structuredContent;
  assert.equal(seen.principal, 'bob');
  assert.notEqual(seen.incarnation, before.incarnation);
  await assertUntouched(ada, before);
});

test('after SIGHUP a new token continues the session of the old one, which is 401', async (lab) => {
  const { server, ada } = await begin(lab);

  server.setTokens({ 'third-of-ada': 'ada' });
  await server.reload();

  const refreshed = await lab.caller(server, { token: 'third-of-ada', id: ada.id });
  assert.equal(await refreshed.recall('secret'), 'only for ada');
  await assert.rejects(ada.whoami(), (error) => httpStatus(error) === 401);
});

test('a refreshed token is the same caller', async (lab) => {
  const { server, ada } = await begin(lab);

  const refreshed = await lab.caller(server, { token: 'second-of-ada', id: ada.id });
  assert.equal(await refreshed.recall('secret'), 'only for ada');

  await server.restart('kill');
  assert.equal(await refreshed.recall('secret'), 'only for ada');
  assert.equal((await refreshed.whoami()).origin, 'restored');
});
