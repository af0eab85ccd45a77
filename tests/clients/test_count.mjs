// Concurrent calls change the same state: no number is given twice.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';

const CALLS = 64;
const oneToAll = Array.from({ length: CALLS }, (_, i) => i + 1);

function countAtOnce(callers, scope) {
  return Promise.all(oneToAll.map((i) => callers[i % callers.length].count(scope)));
}

function assertEachOnce(numbers) {
  assert.deepEqual(numbers.sort((a, b) => a - b), oneToAll);
}

test(`${CALLS} counts at once in one session give ${CALLS} numbers`, async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);

  assertEachOnce(await countAtOnce([caller], 'session'));
});

test(`${CALLS} counts at once over 8 sessions of one principal give ${CALLS} numbers`, async (lab) => {
  const tokens = { 'ada-1': 'ada', 'ada-2': 'ada', bob: 'bob' };
  const server = await lab.server({ tokens });
  const callers = [
    ...(await lab.callers(server, 4, { token: 'ada-1' })),
    ...(await lab.callers(server, 4, { token: 'ada-2' })),
  ];
  const bob = await lab.caller(server, { token: 'bob' });

  assertEachOnce(await countAtOnce(callers, 'principal'));
  assert.equal(await bob.count('principal'), 1);
  assert.equal(await callers[0].count('session'), 1);

  await server.restart('kill');
  assert.equal(await callers[0].count('principal'), CALLS + 1);
});

test('an anonymous caller has no counter beyond its session', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);

  const answer = await caller.call('count', { scope: 'principal' });

  assert.equal(answer.isError, true);
});
