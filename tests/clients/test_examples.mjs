// Programs with a libmicrohttpd daemon of their own: one that mounts a server, one that has
// JSON-RPC code and only asks for sessions.
import assert from 'node:assert/strict';
import { httpStatus } from './caller.mjs';
import { test } from './harness.mjs';
import { send } from './raw.mjs';

async function page(server) {
  const answer = await fetch(new URL('/', server.url));
  return answer.text();
}

test('a client of a mounted server goes on after kill -9, beside the pages', async (lab) => {
  const server = await lab.server({ example: 'mount' });
  const caller = await lab.caller(server);
  const id = caller.id;

  assert.match(await page(server), /^Hello/);
  assert.equal(await caller.text('visits'), '1 visits, asked for 1 times');
  await server.restart('kill');
  assert.match(await page(server), /^Hello/);
  assert.equal(await caller.text('visits'), '1 visits, asked for 2 times');
  assert.equal(caller.id, id);
});

test('many clients of a mounted server call at once', async (lab) => {
  const server = await lab.server({ example: 'mount' });
  const callers = await lab.callers(server, 8);
  const texts = await Promise.all(
    callers.flatMap((caller) => [caller.text('visits'), caller.text('visits')]),
  );
  const asked = texts.map((text) => text.replace(/.*for /, '')).sort();

  assert.deepEqual(asked, [...Array(8).fill('1 times'), ...Array(8).fill('2 times')]);
});

async function sessionOf(caller) {
  return (await caller.text('session')).match(/^session (\w+), (\w+)$/).slice(1);
}

test('a client of a program that only asks for sessions goes on after kill -9', async (lab) => {
  const server = await lab.server({ example: 'admit' });
  const caller = await lab.caller(server);
  const id = caller.id;
  const [digest, origin] = await sessionOf(caller);

  assert.equal(origin, 'created');
  assert.equal((await caller.client.listTools()).tools.length, 1);
  for (const how of ['kill', 'stop']) {
    await server.restart(how);
    assert.deepEqual(await sessionOf(caller), [digest, 'restored']);
  }
  assert.equal(caller.id, id);
});

test('what such a program let end stays ended', async (lab) => {
  const server = await lab.server({ example: 'admit' });
  const caller = await lab.caller(server);
  const options = { id: caller.id };

  await caller.terminate();
  assert.equal((await send(server, 'DELETE', options)).status, 404);
  await server.restart('kill');
  const late = await lab.caller(server, options);
  await assert.rejects(sessionOf(late), (error) => httpStatus(error) === 404);
});
