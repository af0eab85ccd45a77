// Calls under way: cancelled by the client, or finished while the server stops.
import assert from 'node:assert/strict';
import { PATIENCE_MS } from './deadline.mjs';
import { test } from './harness.mjs';
import { call, postHalf } from './raw.mjs';

const WORKERS = 3; // those that one caller may hold, of four
const STOPS = 50;

// The server has certainly read what was sent before this began.
async function chat(caller) {
  for (let i = 0; i < 20; i++) await caller.text('echo', { text: 'chat' });
}

// They sleep longer than a test waits for anything.
function sleepers(caller, count) {
  return Array.from({ length: count }, () => {
    const abort = new AbortController();
    const options = { signal: abort.signal, timeout: 2 * PATIENCE_MS };
    const outcome = caller.call('sleep', { ms: PATIENCE_MS }, options).catch((error) => error);
    return { abort, outcome };
  });
}

test('a cancelled call frees its worker at once', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const asleep = sleepers(caller, WORKERS);
  await chat(caller);
  let counted = false;
  // The call gives up long before the sleepers wake.
  const waiting = caller.call('count', {}, { timeout: PATIENCE_MS / 2 });
  const count = waiting.then(({ structuredContent }) => {
    counted = true;
    return structuredContent.count;
  });
  await chat(caller);
  assert.equal(counted, false, 'a worker was free');

  asleep[0].abort.abort('enough');

  assert.equal(await count, 1);
  assert.match(String(await asleep[0].outcome), /enough/);
  asleep.forEach(({ abort }) => abort.abort('enough'));
  await Promise.all(asleep.map(({ outcome }) => outcome));
  await Promise.all(Array.from({ length: WORKERS }, () => caller.call('sleep', { ms: 1 })));
});

test('a call under way is answered while the server stops', async (lab) => {
  const server = await lab.server({ hasEffects: true, options: ['--drain', '60s'] });
  const caller = await lab.caller(server);
  const outcome = caller.text('act', { name: 'it', waits: true }).catch(String);
  await server.begins('it');

  const stopped = server.stop();
  await server.says(/: stopping;/);
  server.letGo('it');

  assert.equal(await outcome, 'acted');
  await stopped;
  await server.start();
  assert.equal(await caller.text('act', { name: 'another' }), 'acted');
});

// Refused, it comes again after the restart; without an answer its client would wait for ever.
test('a request that SIGTERM finds half sent is answered or refused with 503', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const halves = Array.from({ length: 8 }, () => postHalf(server, call('count'), caller));
  await chat(caller);

  const stopped = server.stop();
  await server.says(/: stopping;/);
  for (const { finish, answer } of halves) {
    finish();
    const { status, text } = await answer;
    assert.ok(status === 503 || text.includes('"result"'), `${status} "${text}"`);
  }
  await stopped;
});

test('state changed by a call that ends while the server stops is there afterwards', async (lab) => {
  const server = await lab.server();
  const caller = await lab.caller(server);
  const counts = Array.from({ length: 64 }, () => caller.count().catch(() => null));
  const first = await Promise.any(counts);

  await server.restart('stop');

  const given = (await Promise.all(counts)).filter((n) => n !== null);
  assert.ok(given.includes(first));
  assert.equal(new Set(given).size, given.length);
  assert.ok((await caller.count()) > Math.max(...given));
});

test('SIGTERM right after the banner is an orderly stop, too', async (lab) => {
  const server = await lab.server();

  for (let i = 0; i < STOPS; i++) await server.restart('stop');

  assert.equal(server.stderr.match(/: stopping;/g).length, STOPS);
});
