// Nobody is locked out by initialize, nor by coming back, however many do it at once.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { call, initialize, initializeRequest, post } from './raw.mjs';

const CLIENTS = 50;
const ROUNDS = 3;

// Each way of coming back, for the session that CALLER began.
async function reconnect(lab, server, caller) {
  const again = await lab.caller(server, { id: caller.id });

  assert.equal(await again.recall('name'), caller.id);
  await again.close();
}

async function beginAnother(lab, server) {
  const another = await lab.caller(server);

  assert.equal((await another.whoami()).origin, 'created');
  await another.close();
}

async function initializeAgain(lab, server, caller) {
  const answer = await post(server, initializeRequest(), { id: caller.id });

  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.id, caller.id);
  assert.equal(await caller.recall('name'), caller.id);
}

async function initializeAsSomethingElse(lab, server, caller) {
  const options = { id: caller.id, capabilities: { sampling: {} } };
  const answer = await post(server, initializeRequest(options), options);

  assert.equal(answer.status, 200, answer.text);
  assert.notEqual(answer.id, caller.id);
  assert.equal(await caller.recall('name'), caller.id);
}

const ways = [reconnect, beginAnother, initializeAgain, initializeAsSomethingElse];

// Everybody at once, each beginning with another way.
function everyWay(lab, server, callers) {
  return Promise.all(
    callers.map(async (caller, i) => {
      for (let k = 0; k < ways.length; k++) await ways[(i + k) % ways.length](lab, server, caller);
    }),
  );
}

test(`${CLIENTS} clients initialize, reconnect and initialize again, all at once`, async (lab) => {
  const server = await lab.server();
  const callers = await lab.callers(server, CLIENTS);
  await Promise.all(callers.map((caller) => caller.remember('name', caller.id)));

  for (let round = 0; round < ROUNDS; round++) await everyWay(lab, server, callers);
});

test(`${CLIENTS} clients do the same right after restarts`, async (lab) => {
  const server = await lab.server();
  const callers = await lab.callers(server, CLIENTS);
  await Promise.all(callers.map((caller) => caller.remember('name', caller.id)));

  for (const how of ['kill', 'stop']) {
    await server.restart(how);
    await everyWay(lab, server, callers);
  }
});

test('one session is initialized again by 50 requests at once and keeps its state', async (lab) => {
  const server = await lab.server();
  const { id } = await initialize(server);
  await post(server, call('remember', { key: 'colour', value: 'green' }), { id });
  await server.restart('kill');

  const answers = await Promise.all(
    Array.from({ length: CLIENTS }, () => post(server, initializeRequest(), { id })),
  );

  answers.forEach((answer) => assert.equal(answer.status, 200, answer.text));
  answers.forEach((answer) => assert.equal(answer.id, id));
  const answer = await post(server, call('recall', { key: 'colour' }), { id });
  assert.equal(answer.json.result.content[0].text, 'green');
});
