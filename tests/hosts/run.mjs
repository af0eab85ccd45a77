// Drives programs that mcps is mounted in, with the official client.
//
//   MCPS_HOSTS=directory node tests/hosts/run.mjs PROGRAM...
//
// run.sh builds them. The last line is "N passed, N failed".
import assert from 'node:assert/strict';
import { Caller } from '../clients/caller.mjs';
import { PATIENCE_MS, poll, within } from '../clients/deadline.mjs';
import { Ear } from '../clients/ear.mjs';
import { Host } from './host.mjs';
import { programs } from './programs.mjs';

const CLIENTS = 16;
const CALLS = 60; // of each
const FOLLOWERS = 8;
const COUNTER = 'mounted://counter';
const TEST_MS = 3 * PATIENCE_MS;

const connect = (host, options) => Caller.connect(host, { isEager: true, ...options });
const count = async (caller) => Number(await caller.text('count'));

// Readers of the program's own pages that block, if it has such pages.
function follow(host) {
  const { follow } = host.program;

  return Promise.all(Array.from({ length: follow ? FOLLOWERS : 0 }, () => follow(host)));
}

// They were not held up: what is new reaches each.
async function allSee(host, followers, message) {
  if (followers.length > 0) host.program.publish(host, message);
  await Promise.all(followers.map((follower) => follower.sees(message)));
}

async function servesBoth(host) {
  const caller = await connect(host);
  const { tools } = await caller.client.listTools();

  assert.deepEqual(tools.map(({ name }) => name).sort(), ['count', 'hold']);
  assert.equal(await count(caller), 1);
  await host.program.page(host);
  await caller.close();
}

async function survivesKill(host) {
  const caller = await connect(host);
  const { id } = caller;

  for (let i = 1; i <= 5; i++) {
    assert.equal(await count(caller), i);
    await host.kill();
    await host.start();
  }
  assert.equal(await count(caller), 6);
  assert.equal(caller.id, id);
  await caller.close();
}

// Resolves with how many were served until PROMISE was.
async function pagesUntil(host, promise) {
  let isOver = false;
  let pages = 0;

  promise.finally(() => (isOver = true)).catch(() => {});
  while (!isOver) {
    await host.program.page(host);
    pages++;
  }
  return pages;
}

async function servesMany(host) {
  const followers = await follow(host);
  const callers = await Promise.all(Array.from({ length: CLIENTS }, () => connect(host)));
  const began = performance.now();
  const work = Promise.all(
    callers.map(async (caller) => {
      for (let i = 1; i <= CALLS; i++) assert.equal(await count(caller), i);
    }),
  );
  const pages = await pagesUntil(host, work);

  await work;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  await allSee(host, followers, 'second');
  console.log(
    `     ${CLIENTS * CALLS} calls and ${pages} pages in ${seconds} s` +
      (followers.length ? `, ${followers.length} readers that block` : ''),
  );
  assert.ok(pages > 0);
  assert.equal(new Set(callers.map(({ id }) => id)).size, CLIENTS);
  await Promise.all([...callers, ...followers].map((each) => each.close()));
}

async function notifies(host) {
  const listener = await connect(host);
  const ear = new Ear(listener);
  const other = await connect(host);

  await listener.listens();
  await listener.client.subscribeResource({ uri: COUNTER });
  await count(other);
  await ear.reach(1);

  const gets = listener.gets.length;
  await host.kill();
  await host.start();
  await poll('the listener', () => listener.gets.slice(gets).some(({ status }) => status === 200));
  await count(other);
  await ear.reach(2);
  await Promise.all([listener, other].map((caller) => caller.close()));
}

async function refuses(host) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  };

  return (await fetch(host.url, { method: 'POST', headers, body })).status === 503;
}

// Two calls run when the program is told to stop: one ends in time, the other does not. A third client
// listens. The program's own pages go on until all of that is over.
async function stopsCleanly(host) {
  const followers = await follow(host);
  const callers = await Promise.all(Array.from({ length: 3 }, () => connect(host)));
  const pipes = [host.pipe('in-time'), host.pipe('late')];
  const calls = pipes.map(({ path }, i) => callers[i].call('hold', { path }));
  const late = assert.rejects(calls[1], /the outcome of this call is unknown/i);
  const writers = await Promise.all(pipes.map((pipe) => pipe.open()));

  await callers[2].listens();
  for (const caller of callers) assert.equal(await count(caller), 1);
  const end = host.stop();

  await poll('the drain', () => refuses(host));
  await host.program.page(host);
  await writers[0].close();
  assert.equal((await calls[0]).content[0].text, 'let go');
  await late;
  await writers[1].close();
  assert.deepEqual(await end, { code: 0, signal: null });
  await Promise.all(followers.map((each) => each.close()));

  await host.start();
  for (const caller of callers) assert.equal(await count(caller), 2);
  await Promise.all(callers.map((caller) => caller.close()));
}

const tests = [
  ['serves its own pages and two tools', servesBoth],
  ['serves a session after five times kill -9 and restart', survivesKill],
  [`answers ${CLIENTS * CALLS} calls of ${CLIENTS} clients at once, and pages meanwhile`, servesMany],
  ['notifies a client that listens with GET, also after kill -9', notifies],
  ['stops while calls run, a client listens, and pages are read', stopsCleanly],
];

// Resolves with what went wrong, or null.
async function runOne(program, body) {
  const host = await Host.make(program);
  let problem = null;

  try {
    await within(TEST_MS, 'the test', Promise.race([body(host), host.death]));
  } catch (error) {
    problem = `${error?.stack ?? error}\n  the program said last:\n${host.said.slice(-3000)}`;
  }
  await host.close();
  return problem;
}

let failed = 0;
const names = process.argv.slice(2);

for (const name of names)
  for (const [sentence, body] of tests) {
    const began = performance.now();
    const problem = await runOne(programs[name], body).catch((error) => `${error.stack}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);

    console.log(`${problem ? 'FAIL' : 'ok  '} ${programs[name].name} ${sentence} (${seconds} s)`);
    if (problem) {
      failed++;
      console.log(problem.replace(/^/gm, '    '));
    }
  }
console.log(`${names.length * tests.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
