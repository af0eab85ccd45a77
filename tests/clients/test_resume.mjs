// The official client loses its server while a call tells it how far it is. It comes back by
// itself, with the Last-Event-ID that it noted, and misses nothing.
import assert from 'node:assert/strict';
import { EventStream, readId } from './events.mjs';
import { test } from './harness.mjs';
import { SlowCall } from './slow_call.mjs';

const CLIENTS = 4; // as many as workers: all of them count at the same time
const ALL_WORKERS = ['--max-workers-per-caller', `${CLIENTS}`]; // they are one anonymous caller
const ROUNDS = 8;
const LATEST = 30; // of the numbers that a kill waits for

const LOST = { code: -32603, text: /^(MCP error -32603: )?The outcome of this call is unknown/ };

function random(from, to) {
  return from + Math.floor(Math.random() * (to - from + 1));
}

function assertRising(numbers) {
  numbers.slice(1).forEach((n, i) => assert.ok(n > numbers[i], `${n} came after ${numbers[i]}`));
}

// Each event of one stream, from the first, once and in order.
function assertWhole(ids) {
  const { stream } = readId(ids[0]);

  assert.deepEqual(
    ids,
    ids.map((_, i) => `${stream}-${i + 1}`),
  );
}

// CALL's client saw all that is stored; gives the last stored message.
async function assertIsStored(server, caller, { ids, progress }) {
  const { id, token } = caller;
  const replay = await EventStream.get(server, { id, token, after: ids[0] });
  const events = await replay.all();
  const told = replay.messages.slice(0, -1);

  assert.deepEqual([ids[0], ...events.map((event) => event.id)], ids);
  assert.deepEqual(
    told.map(({ params }) => params.progress),
    progress,
  );
  return replay.messages.at(-1);
}

// CALL was cut by the end of a process, and its client was told.
async function assertCut(server, caller, call) {
  const { error } = await call.outcome;

  assert.equal(error?.code, LOST.code, `${error?.stack}`);
  assert.match(error.message, LOST.text);
  assertWhole(call.ids);
  assertRising(call.progress);
  const last = await assertIsStored(server, caller, call);
  assert.equal(last.error.code, LOST.code);
}

test('a client that kill -9 cuts off resumes, as clients are by default', async (lab) => {
  const server = await lab.server({ retry: '3s' }); // such a client tries twice, then gives up
  const caller = await lab.caller(server);
  const call = new SlowCall(caller, { to: 1000, ms: 50 });
  await call.reach(1);

  await server.restart('kill');

  await assertCut(server, caller, call);
  assert.equal((await caller.whoami()).origin, 'restored');
});

async function cut(server, callers, { how, after }) {
  const calls = callers.map((caller) => new SlowCall(caller, { to: 1000, ms: random(5, 25) }));
  await Promise.all(calls.map((call) => call.reach(after())));

  await server.restart(how);

  await Promise.all(calls.map((call, i) => assertCut(server, callers[i], call)));
}

test(`${CLIENTS} clients resume after each of ${ROUNDS} kills at any moment`, async (lab) => {
  const server = await lab.server({ options: ALL_WORKERS });

  for (let round = 0; round < ROUNDS; round++) {
    const callers = await lab.callers(server, CLIENTS, { isEager: true });
    const after = round === 0 ? () => 1 : () => random(1, LATEST);
    await cut(server, callers, { how: 'kill', after });
  }
});

test(`${CLIENTS} clients whose calls SIGTERM cuts off are told so`, async (lab) => {
  const server = await lab.server({ options: ['--drain', '3s', ...ALL_WORKERS] });
  const callers = await lab.callers(server, CLIENTS);

  await cut(server, callers, { how: 'stop', after: () => random(1, LATEST) });
});

// Three restarts while the same client has a call each time.
test('a client that is cut off again and again resumes each call', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server, { isEager: true });

  for (let i = 0; i < 3; i++) await cut(server, [caller], { how: 'kill', after: () => 2 });
});

// To it an error is no answer, and neither is a stream that ends without one: it comes back for
// the rest. Then it must hear that there is none, or it would come back for ever.
test('a client whose calls were cancelled comes back once for each, and no more', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server, { isEager: true });
  await caller.listens();

  for (let i = 1; i <= 10; i++) {
    const call = new SlowCall(caller, { to: 1000, ms: 60 });
    await call.reach(1);
    call.cancel();
    await call.outcome;
    await caller.resumes(i);
  }
  assert.deepEqual(
    caller.gets.map(({ status }) => status),
    [200, ...Array(10).fill(204)],
  );
});

test('the store lost, an identified client that resumes listens anew, once', async (lab) => {
  const server = await lab.server({ tokens: { 'token-of-ada': 'ada' } });
  const caller = await lab.caller(server, { token: 'token-of-ada', isEager: true });
  const call = new SlowCall(caller, { to: 1000, ms: 60 });
  await Promise.all([caller.listens(), call.reach(2)]);
  const before = call.ids.slice();
  await server.kill();
  server.loseStore();

  await server.start();

  await caller.resumes(2); // what it listened to, and the call
  await caller.call('sleep', { ms: 500 }); // long for one who comes back after 50 ms
  assert.equal(caller.resumed.length, 2, JSON.stringify(caller.gets));
  assert.ok(caller.gets.every(({ status }) => status === 200));
  assert.equal(call.isOver, undefined);
  assert.notEqual(readId(call.ids.at(-1)).stream, readId(before[0]).stream);
  assert.equal((await caller.whoami()).origin, 'recreated');
});
