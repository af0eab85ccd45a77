// Terminated sessions stay terminated.
import assert from 'node:assert/strict';
import { httpStatus } from './caller.mjs';
import { test } from './harness.mjs';
import { call, initialize, initializeRequest, post, send } from './raw.mjs';

const ROUNDS = 20; // of a race

async function assertGone(server, options) {
  const answer = await post(server, call('whoami'), options);

  assert.equal(answer.status, 404);
  assert.equal(answer.id, null);
  assert.equal(answer.json.error.code, -32001);
  for (const method of ['GET', 'DELETE'])
    assert.equal((await send(server, method, options)).status, 404, method);
}

async function staysEnded(lab, { tokens, token }) {
  const server = await lab.server({ tokens });
  const caller = await lab.caller(server, { token });
  const options = { id: caller.id, token };
  await caller.remember('colour', 'green');

  await caller.terminate();

  await assertGone(server, options);
  for (const how of ['kill', 'stop']) {
    await server.restart(how);
    await assertGone(server, options);
  }
  const late = await lab.caller(server, options);
  await assert.rejects(late.whoami(), (error) => httpStatus(error) === 404);
}

test('a terminated session is a 404, also after restarts', (lab) => staysEnded(lab, {}));

test('an identified caller does not bring a terminated session back', (lab) =>
  staysEnded(lab, { tokens: { 'token-of-ada': 'ada' }, token: 'token-of-ada' }));

test('a session terminated after its store was lost stays ended', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const options = { id: caller.id };
  await server.stop();
  server.loseStore();
  await server.start();

  // The id is unknown now, but signed: it gets a tombstone without having been a session.
  await send(server, 'DELETE', options);

  await assertGone(server, options);
  await server.restart('kill');
  await assertGone(server, options);
});

test('initialize with an ended id begins a new session', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const id = caller.id;
  await caller.terminate();
  await server.restart('kill');

  const answer = await post(server, initializeRequest(), { id });

  assert.equal(answer.status, 200);
  assert.notEqual(answer.id, id);
  await assertGone(server, { id });
});

// Until one that was sent after the 204 was read has got its 404.
async function callUntilGone(server, options, tool, race) {
  for (;;) {
    const isLate = race.isOver;
    const { status } = await post(server, call(tool), options);

    if (status === 404 && isLate) return;
    assert.ok(status === 404 || (status === 200 && !isLate), `${status}, late: ${isLate}`);
  }
}

async function end(server, options, race) {
  const { status } = await send(server, 'DELETE', options);

  if (status === 204) race.isOver = true;
  return status;
}

test('what is sent after the 204 is not served, however many ask at once', async (lab) => {
  const token = 'token-of-ada';
  const server = await lab.server({ tokens: { [token]: 'ada' } });

  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await initialize(server, { token });
    const race = { isOver: false };
    const tools = ['count', 'whoami', 'count', 'whoami', 'count', 'whoami'];
    const calls = tools.map((tool) => callUntilGone(server, { id, token }, tool, race));
    const ends = [1, 2, 3].map(() => end(server, { id, token }, race));

    assert.deepEqual((await Promise.all(ends)).sort(), [204, 404, 404]);
    await Promise.all(calls);
  }
});

// Not with a 404: clients repeat calls on that.
test('a call that DELETE overtakes ends with an error', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const slow = caller.call('sleep', { ms: 60_000 }).catch((error) => error);
  for (let i = 0; i < 10; i++) await caller.text('echo', { text: 'let it begin' });

  await caller.terminate();

  const error = await slow;
  assert.equal(httpStatus(error), undefined);
  assert.match(error.message, /The outcome of this call is unknown/);
});
