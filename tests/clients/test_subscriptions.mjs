// The official client subscribes to the counter, and is told when somebody else counts.
import assert from 'node:assert/strict';
import { deferred } from './deadline.mjs';
import { Ear } from './ear.mjs';
import { test } from './harness.mjs';

const COUNTER = 'counter://session';
const tokens = { 'token-of-ada': 'ada', 'token-of-bob': 'bob' };

async function join(lab, server, token) {
  const caller = await lab.caller(server, { token, isEager: true });

  await caller.listens();
  return { caller, ear: new Ear(caller) };
}

function subscribe({ caller }) {
  return caller.client.subscribeResource({ uri: COUNTER });
}

// Two who subscribed, one who did not, and one who counts: all of them sessions of ada's.
async function gather(lab, options) {
  const server = await lab.server({ tokens, ...options });
  const [first, second, deaf, counter] = await Promise.all(
    Array.from({ length: 4 }, () => join(lab, server, 'token-of-ada')),
  );

  await Promise.all([subscribe(first), subscribe(second)]);
  return { server, subscribers: [first, second], deaf, counter: counter.caller };
}

// It hears of the next count, and of none before.
async function assertHeardNothing(deaf, counter) {
  await subscribe(deaf);
  await counter.count();
  await deaf.ear.reach(1);
  assert.deepEqual(deaf.ear.uris, [COUNTER]);
}

test('who subscribed is told once of each count by another session, nobody else', async (lab) => {
  const { subscribers, deaf, counter } = await gather(lab);

  for (let i = 1; i <= 3; i++) {
    await counter.count();
    await Promise.all(subscribers.map(({ ear }) => ear.reach(i)));
  }

  await assertHeardNothing(deaf, counter);
  await Promise.all(subscribers.map(({ ear }) => ear.reach(4)));
  for (const { ear } of subscribers) assert.deepEqual(ear.uris, Array(4).fill(COUNTER));
});

test('who unsubscribed is told no more', async (lab) => {
  const { subscribers, counter } = await gather(lab);
  const [first, second] = subscribers;

  await first.caller.client.unsubscribeResource({ uri: COUNTER });
  await counter.count();
  await second.ear.reach(1);
  await subscribe(first);
  await counter.count();
  await first.ear.reach(1);
  assert.deepEqual(first.ear.uris, [COUNTER]);
});

for (const how of ['kill', 'stop'])
  test(`subscriptions survive ${how}: nobody subscribes again`, async (lab) => {
    const { server, subscribers, deaf, counter } = await gather(lab);
    await counter.count();
    await Promise.all(subscribers.map(({ ear }) => ear.reach(1)));

    await server.restart(how);

    const everybody = [...subscribers, deaf].map(({ caller }) => caller);
    await Promise.all(everybody.map((caller) => caller.resumes(1)));
    assert.equal(await counter.count(), 2);
    await Promise.all(subscribers.map(({ ear }) => ear.reach(2)));
    await assertHeardNothing(deaf, counter);
    await Promise.all(subscribers.map(({ ear }) => ear.reach(3)));
    for (const { ear } of subscribers) assert.deepEqual(ear.uris, Array(3).fill(COUNTER));
  });

for (const [who, isBack] of [
  ['who is not back', false],
  ['who is back but does not listen yet', true],
])
  test(`after kill -9, ${who}, is told of a count when he listens`, async (lab) => {
    const { server, subscribers, counter } = await gather(lab);
    const [{ caller, ear }] = subscribers;
    const gate = deferred();
    await counter.count();
    await ear.reach(1);
    caller.mayListen = gate.promise;

    await server.restart('kill');

    if (isBack) await caller.whoami();
    await counter.count();
    await counter.count();
    gate.resolve();
    await ear.reach(2);
    await counter.count();
    await ear.reach(3);
    assert.deepEqual(ear.uris, Array(3).fill(COUNTER));
  });
