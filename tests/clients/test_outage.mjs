// The server is away for a while. Idle clients of the official SDK, used as it is by default, find
// it again by themselves and hear notifications. Version 1.32.2 gives up after two attempts that
// were refused; how long it waits before each is what the server told.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS, within } from './deadline.mjs';
import { Ear } from './ear.mjs';
import { test } from './harness.mjs';

const COUNTER = 'counter://session';
const AWAY_MS = 6_000;

async function subscribe(lab, server) {
  const caller = await lab.caller(server);
  const ear = new Ear(caller);

  await caller.listens();
  await caller.client.subscribeResource({ uri: COUNTER });
  await caller.count();
  await ear.reach(1);
  return { caller, ear };
}

for (const how of ['kill', 'stop'])
  test(`an idle subscribed client hears again after 6 s without a server (${how})`, async (lab) => {
    const server = await lab.server({ retry: null });
    const { caller, ear } = await subscribe(lab, server);

    await server[how]();
    await sleep(AWAY_MS);
    await server.start();

    await within(PATIENCE_MS, 'the client to listen again', caller.resumes(1));
    await caller.count();
    await ear.reach(2);
    assert.deepEqual(ear.uris, [COUNTER, COUNTER]);
    assert.equal(caller.gets.at(-1).status, 200);
  });
