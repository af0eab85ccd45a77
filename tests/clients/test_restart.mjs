// A restart in the middle of a session.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';

async function goesOnAfter(lab, how) {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const id = caller.id;
  await caller.remember('colour', 'green');
  assert.equal(await caller.count(), 1);
  const before = await caller.whoami();

  await server.restart(how);

  assert.equal(await caller.recall('colour'), 'green');
  assert.equal(await caller.count(), 2);
  const after = await caller.whoami();
  assert.equal(caller.id, id);
  assert.equal(before.origin, 'created');
  assert.equal(after.origin, 'restored');
  assert.equal(after.incarnation, before.incarnation);
  assert.equal(after.client, 'mcps-tests');
  assert.notEqual(after.pid, before.pid);
  assert.equal(after.pid, server.pid);
}

test('a client goes on after kill -9 as if nothing had happened', (lab) => goesOnAfter(lab, 'kill'));

test('a client goes on after SIGTERM as if nothing had happened', (lab) => goesOnAfter(lab, 'stop'));

test('a client that comes back after three restarts finds its session', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  await caller.remember('colour', 'green');

  for (const how of ['kill', 'stop', 'kill']) await server.restart(how);

  assert.equal(await caller.recall('colour'), 'green');
  assert.equal((await caller.whoami()).origin, 'restored');
});

test('a new transport with the old session id goes on after a restart', async (lab) => {
  const server = await lab.server();
  const first = await lab.caller(server);
  await first.remember('colour', 'green');
  await first.close();

  await server.restart('kill');

  const second = await lab.caller(server, { id: first.id });
  assert.equal(await second.recall('colour'), 'green');
  assert.equal((await second.whoami()).origin, 'restored');
});
