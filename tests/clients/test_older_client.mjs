// The last official client before revision 2025-11-25 (SDK 1.22). It knows no "retry". To it a
// stream that ends properly has ended for ever; only after an error does it come back.
import assert from 'node:assert/strict';
import { Client } from 'sdk-1.22/client/index.js';
import { StreamableHTTPClientTransport } from 'sdk-1.22/client/streamableHttp.js';
import { PATIENCE_MS, deferred, within } from './deadline.mjs';
import { test } from './harness.mjs';

const sdk = { Client, StreamableHTTPClientTransport };
const COUNTER = 'counter://session';
const UPDATED = 'notifications/resources/updated';

// Begins a client that listens; gives its notifications and its errors.
async function listen(lab, server) {
  const caller = await lab.caller(server, { sdk, isEager: true });
  const heard = [];
  const errors = [];
  let more = deferred();

  caller.client.fallbackNotificationHandler = async ({ method }) => {
    heard.push(method);
    more.resolve();
    more = deferred();
  };
  caller.client.onerror = ({ message }) => errors.push(message);
  await caller.listens();
  await caller.client.subscribeResource({ uri: COUNTER });
  const reach = async (count) => {
    while (heard.length < count) await within(PATIENCE_MS, `notification ${count}`, more.promise);
  };
  return { caller, heard, errors, reach };
}

for (const how of ['kill', 'stop'])
  test(`a client of SDK 1.22 hears again after a restart (${how})`, async (lab) => {
    const server = await lab.server();
    const { caller, heard, reach } = await listen(lab, server);
    await caller.count();
    await reach(1);

    await server.restart(how);

    await within(PATIENCE_MS, 'the client to listen again', caller.resumes(1));
    await caller.count();
    await reach(2);
    assert.equal(caller.transport.protocolVersion, '2025-06-18');
    assert.deepEqual(heard, [UPDATED, UPDATED]);
  });

// An event without data would be one.
test('a client of SDK 1.22 that listens and calls meets no error', async (lab) => {
  const server = await lab.server();
  const { caller, heard, errors, reach } = await listen(lab, server);
  let progress = 0;

  await caller.call('slow_count', { to: 3, ms: 10 }, { onprogress: () => progress++ });
  await caller.count();
  await reach(1);

  assert.equal(progress, 3);
  assert.deepEqual([heard, errors], [[UPDATED], []]);
});
