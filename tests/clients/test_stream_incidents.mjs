// Attacks on streams of other servers, by the numbers of the list that docs/WIRE.md explains.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { EventStream, readId } from './events.mjs';
import { test } from './harness.mjs';
import { call, initialize, post, request, slowCount } from './raw.mjs';

const COUNTER = 'counter://session';
const tokens = { 'token-of-ada': 'ada', 'token-of-bob': 'bob' };
const ada = { token: 'token-of-ada', revision: '2025-11-25' };
const bob = { token: 'token-of-bob', revision: '2025-11-25' };

async function subscribe(server, session) {
  const answer = await post(server, request('resources/subscribe', { uri: COUNTER }), session);

  assert.deepEqual(answer.json?.result, {}, answer.text);
}

// A session that is told of counts.
async function subscribed(server, who) {
  const { id } = await initialize(server, who);

  await subscribe(server, { ...who, id });
  return { ...who, id };
}

async function listen(server, options) {
  const stream = await EventStream.get(server, options);

  await stream.reach(1);
  return stream;
}

test('incident 2: a second GET takes nothing from the first, whoever sends it', async (lab) => {
  const server = await lab.server({ tokens, options: ['--unknown-ids', 'issued'] });
  const session = await subscribed(server, ada);
  const first = await listen(server, session);

  const theft = await EventStream.get(server, { ...session, ...bob });
  assert.equal(theft.status, 404);
  const second = await listen(server, session);
  await post(server, call('count'), session);
  await second.reach(2);
  assert.equal(first.events.length, 1); // each event is on one of them
  second.hangUp();

  // Updates go to the second one until the server notices that it left.
  let counts = 0;
  for (; first.events.length < 2; counts++) {
    await post(server, call('count'), session);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(first.events.length - 1 <= counts);
  assert.equal(second.events.length, 2);
  first.hangUp();
});

// All the ids that a session's streams have shown.
async function eventsOf(server, session) {
  const listening = await listen(server, session);
  await post(server, call('count'), session);
  await listening.reach(2);
  const calling = await EventStream.post(server, slowCount({ to: 3, ms: 1 }), session);
  const events = [...listening.events, ...(await calling.all())];

  listening.hangUp();
  return events.map(({ id }) => id);
}

// All are subscribed to the same resource: a fresh stream begins with what a session missed, once.
const NEWS = /^notifications\/(resources\/updated|(tools|resources|prompts)\/list_changed)$/;
const isUpdate = ({ message }) => message.method === 'notifications/resources/updated';

// An id that names no stream of SESSION opens a new stream, which carries SESSION's own events.
async function assertFresh(server, session, after) {
  const stream = await listen(server, { ...session, after });
  await post(server, call('count'), session);
  while (!stream.events.slice(1).some(isUpdate)) await stream.reach(stream.events.length + 1);

  const [first, ...others] = stream.events;
  const { stream: name } = readId(first.id);
  assert.notEqual(name, after.slice(0, 16));
  assert.equal(first.data, '');
  stream.events.forEach(({ id }, i) => assert.equal(id, `${name}-${i + 1}`));
  for (const { message } of others) assert.match(message.method, NEWS);
  assert.ok(others.filter(isUpdate).length <= 2);
  stream.hangUp();
}

test('incident 8: an event id of somebody else, or a forged one, replays nothing', async (lab) => {
  const server = await lab.server({ tokens });
  const hers = await subscribed(server, ada);
  const ids = await eventsOf(server, hers);
  const forged = ['_GET_stream:1', `${'0'.repeat(15)}1-1`, `${ids[0].slice(0, 16)}-0x1`, '*', '-1'];
  const thieves = [
    await subscribed(server, bob), // of another caller
    await subscribed(server, ada), // of the same one
    { ...bob, id: hers.id }, // under the same id
  ];
  await subscribe(server, thieves[2]);

  for (let round = 0; round < 2; round++) {
    for (const thief of thieves)
      for (const id of [...ids, ...forged]) await assertFresh(server, thief, id);
    await server.restart('kill');
  }

  const replay = await listen(server, { ...hers, after: ids[0] });
  assert.deepEqual(replay.events[0].id, ids[1]);
  replay.hangUp();
});

// ---- incident 21: clients that come, listen and vanish ----

const VISITS = 600;
const AT_ONCE = 4; // of the 8 streams that a session may have

// GET, and away as soon as the stream has begun. Resolves with whether it has: the server may not
// have noticed yet that earlier visitors left.
function tryToVisit(server, { id, token }) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, '127.0.0.1');
    let answer = '';

    socket.on('error', reject);
    socket.on('close', () => resolve(answer.startsWith('HTTP/1.1 200')));
    socket.on('data', (bytes) => {
      answer += bytes;
      if (answer.includes('\ndata: ') || !'HTTP/1.1 200'.startsWith(answer.slice(0, 12)))
        socket.resetAndDestroy();
    });
    socket.write(
      `GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n` +
        `Mcp-Session-Id: ${id}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
  });
}

async function visit(server, session) {
  while (!(await tryToVisit(server, session)));
}

async function visitOften(server, session, count) {
  for (let i = 0; i < count; i += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, () => visit(server, session)));
}

function residentKiB({ pid }) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

function descriptors({ pid }) {
  return fs.readdirSync(`/proc/${pid}/fd`).length;
}

// Sanitizers keep what was freed.
function isSanitized({ pid }) {
  return /lib[at]san/.test(fs.readFileSync(`/proc/${pid}/maps`, 'utf8'));
}

test('incident 21: who listens and vanishes leaves nothing in memory', async (lab) => {
  const server = await lab.server({ tokens });
  const session = await subscribed(server, ada);
  await visitOften(server, session, VISITS / 2);
  const before = residentKiB(server);

  await visitOften(server, session, VISITS);

  const kept = residentKiB(server) - before;
  assert.ok(kept < VISITS || isSanitized(server), `${kept} KiB stayed of ${VISITS} visits`);
  assert.ok(descriptors(server) < 64, `${descriptors(server)} descriptors`);
});

// ---- incident 22: what would be a line, an id or an event of its own ----

const LINE_ENDS = ['\n', '\r', '\r\n', '\n\n', '\u2028', '\u2029', '\u0085'];
const FIELDS = ['data: {}', 'id: x', 'event: y', 'retry: 1', ':', ' '];
const OTHERS = ['\ufeff', '\0', '\x1b', '\x7f', '"', '\\', '}', 'ü', '😀', 'a'];
const PIECES = [...LINE_ENDS, ...FIELDS, ...OTHERS];

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

function nastyText() {
  return Array.from({ length: 1 + Math.floor(Math.random() * 6) }, () => pick(PIECES)).join('');
}

// TEXT as JSON: as short as may be, or all in escapes.
function asJson(text) {
  const escape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return pick([JSON.stringify(text), `"${text.replace(/[^]/g, escape)}"`]);
}

// The same message with whatever may stand between tokens.
function spread(json) {
  const blank = () => pick(['', ' ', '\n', '\r\n', '\r', '\t', '\n\n']);
  return json.replace(/"(?:[^"\\]|\\.)*"|[{}:,]/g, (token) => blank() + token + blank());
}

function assertAsPutIn(stream, id, token) {
  const [first, ...others] = stream.messages;

  stream.events.forEach((event, i) => assert.equal(readId(event.id).number, i + 1));
  assert.equal(stream.events[0].data, '');
  assert.equal(stream.events.length, 3);
  assert.equal(first.params.progressToken, token);
  assert.deepEqual(Object.keys(first), ['jsonrpc', 'method', 'params']);
  assert.equal(others[0].id, id);
  assert.equal(others[0].result.content[0].text, 'Counted to 1.');
}

test('incident 22: a parser of streams reads exactly what was put in', async (lab) => {
  const server = await lab.server();
  const session = { id: (await initialize(server)).id };

  for (let i = 0; i < 300; i++) {
    const [id, token] = [nastyText(), nastyText()];
    const { params } = slowCount({ to: 1, ms: 0 }, 0);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'ID', method: 'tools/call', params })
      .replace('"ID"', () => asJson(id))
      .replace('"progressToken":0', () => `"progressToken":${asJson(token)}`);
    const stream = await EventStream.postText(server, spread(body), session);
    await stream.end;
    assertAsPutIn(stream, id, token);
  }
});
