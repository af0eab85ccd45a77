// Streams on the wire: what is replayed, over kills and stops, and what is not.
import assert from 'node:assert/strict';
import { EventStream, readId } from './events.mjs';
import { test } from './harness.mjs';
import { call, initialize, post, request, slowCount } from './raw.mjs';

const LOST = 'The outcome of this call is unknown. Check before repeating it.';
const PURGED = 'What this call sent is no longer stored. Check before repeating it.';
const ENDLESS = { to: 1000, ms: 30 };
const COUNTER = 'counter://session';

const subscribe = () => request('resources/subscribe', { uri: COUNTER });

function random(from, to) {
  return from + Math.floor(Math.random() * (to - from + 1));
}

function assertError(message, { id, text }) {
  const error = { code: -32603, message: text, data: { reason: 'outcome_unknown' } };

  assert.deepEqual(message, { jsonrpc: '2.0', id, error });
}

// Begins a session with an endless call; resolves when COUNT events of it have come.
async function beginEndless(server, count) {
  const { id } = await initialize(server);
  const message = slowCount(ENDLESS);
  const stream = await EventStream.post(server, message, { id });

  await stream.reach(count);
  return { id, message, stream };
}

// Resolves with the events after AFTER; none when AFTER is the last event of a stream that ended.
async function replay(server, id, after) {
  const stream = await EventStream.get(server, { id, after });

  if (stream.status === 204) return [];
  assert.equal(stream.type, 'text/event-stream');
  return stream.all();
}

// SEEN came before the process ended; what follows each of it is the same, whoever asks.
async function assertReplays(server, { id, message, seen }) {
  const rest = await replay(server, id, seen[0].id);
  const all = [seen[0], ...rest];

  assert.deepEqual(all.slice(0, seen.length), seen);
  const { stream } = readId(seen[0].id);
  all.forEach((event, i) => assert.equal(event.id, `${stream}-${i + 1}`));
  assertError(all.at(-1).message, { id: message.id, text: LOST });
  const again = await Promise.all(all.map((event) => replay(server, id, event.id)));
  again.forEach((events, i) => assert.deepEqual(events, all.slice(i + 1)));
}

test('after kill -9 a stream is replayed after any of its events, in order', async (lab) => {
  const server = await lab.server();

  for (let round = 0; round < 4; round++) {
    const { id, message, stream } = await beginEndless(server, round === 0 ? 1 : random(2, 30));
    await server.kill();
    const seen = await stream.all();
    await server.start();
    await assertReplays(server, { id, message, seen });
  }
});

// A client that resumes takes the stream over; a client that is cut off resumes again.
async function resumeToTheEnd(server, id, after) {
  const events = [];

  while (events.at(-1)?.message?.error === undefined) {
    events.push(...(await replay(server, id, events.at(-1)?.id ?? after)));
  }
  return events;
}

test('many who resume the same call at once get all of it, and one end', async (lab) => {
  const server = await lab.server();
  const { id, stream } = await beginEndless(server, 25);
  await server.restart('kill');
  const first = (await stream.all())[0].id;

  const replays = await Promise.all(
    Array.from({ length: 16 }, () => resumeToTheEnd(server, id, first)),
  );

  replays.forEach((events) => assert.deepEqual(events, replays[0]));
  assert.equal(replays[0].filter(({ message }) => message.error !== undefined).length, 1);
});

// ---- stopping ----

// Told to wait for the next process, for which 2 s are reckoned.
function assertToldToComeBack(stream, { isCut }) {
  assert.equal(isCut, false);
  assert.ok(stream.retry >= 2000 && stream.retry < 15_000, `retry: ${stream.retry}`);
  assert.notEqual(stream.events[0].id, undefined);
}

test("SIGTERM ends a call's stream with an error, and the next process knows it", async (lab) => {
  const server = await lab.server({ options: ['--drain', '3s'] });
  const { id, message, stream } = await beginEndless(server, 3);

  await server.stop();

  assert.equal((await stream.end).isCut, false);
  assertError(stream.messages.at(-1), { id: message.id, text: LOST });
  await server.start();
  await assertReplays(server, { id, message, seen: stream.events });
});

test('with --retry 0 no stream tells when to come back, not even at the end', async (lab) => {
  const server = await lab.server({ retry: '0' });
  const { id } = await initialize(server);
  const listening = await EventStream.get(server, { id });
  await listening.reach(1);

  await server.stop();

  assert.equal((await listening.end).isCut, false);
  assert.equal(listening.retry, null);
});

test('a call that ends while the server stops gives its result on its stream', async (lab) => {
  const server = await lab.server({ options: ['--drain', '60s'] });
  const { id } = await initialize(server);
  const message = slowCount({ to: 20, ms: 100 });
  const stream = await EventStream.post(server, message, { id });
  await stream.reach(2);

  await server.stop();

  assert.equal((await stream.end).isCut, false);
  assert.equal(stream.messages.at(-1).id, message.id);
  assert.equal(stream.messages.at(-1).result.content[0].text, 'Counted to 20.');
});

test('a result that comes while the server stops is given to who resumed', async (lab) => {
  const server = await lab.server({ options: ['--drain', '60s'] });
  const { id } = await initialize(server);
  const message = slowCount({ to: 20, ms: 100 });
  const calling = await EventStream.post(server, message, { id });
  const [first] = await calling.reach(1);
  const resumed = await EventStream.get(server, { id, after: first.id });
  await resumed.reach(1);

  await server.stop();

  assert.equal((await resumed.end).isCut, false);
  assert.equal((await calling.end).isCut, false); // it was taken over from
  assert.equal(resumed.messages.at(-1).result.content[0].text, 'Counted to 20.');
  const told = resumed.events.filter(({ message }) => message !== null);
  [first, ...told].forEach((event, i) => assert.equal(readId(event.id).number, i + 1));
  await server.start();
  assert.deepEqual(await replay(server, id, resumed.events.at(-1).id), []);
});

for (const how of ['kill', 'stop'])
  test(`a stream of no call goes on where it was after ${how}`, async (lab) => {
    const server = await lab.server();
    const { id } = await initialize(server);
    await post(server, subscribe(), { id });
    const listening = await EventStream.get(server, { id });
    const [first] = await listening.reach(1);
    await post(server, call('count'), { id });
    await listening.reach(2);

    await server[how]();

    if (how === 'stop') assertToldToComeBack(listening, await listening.end);
    await listening.end;
    await server.start();
    const again = await EventStream.get(server, { id, after: first.id });
    await again.reach(1);
    await post(server, call('count'), { id });
    await again.reach(2);
    assert.deepEqual(again.events[0], listening.events[1]);
    again.hangUp();
  });

// ---- what is no longer stored ----

test('a call whose events made room is resumed with an error for it alone', async (lab) => {
  const server = await lab.server({ options: ['--max-event-bytes-per-session', '1KiB'] });
  const { id } = await initialize(server);
  const message = slowCount({ to: 30, ms: 1 });
  const calling = await EventStream.post(server, message, { id });
  const events = await calling.all();
  assert.ok(JSON.stringify(calling.messages).length > 2048, 'too little to make room for');

  const resumed = await EventStream.get(server, { id, after: events[0].id });

  assert.equal(resumed.status, 200);
  await resumed.end;
  assert.equal(resumed.events.length, 1);
  assertError(resumed.events[0].message, { id: message.id, text: PURGED });
  // Events that are still stored are replayed.
  assert.deepEqual(await replay(server, id, events.at(-3).id), events.slice(-2));
});

test('a stream of no call whose events made room is resumed with a fresh one', async (lab) => {
  const server = await lab.server({ options: ['--max-event-bytes-per-session', '1KiB'] });
  const { id } = await initialize(server);
  await post(server, subscribe(), { id });
  const listening = await EventStream.get(server, { id });
  const [first] = await listening.reach(1);
  for (let i = 0; i < 20; i++) await post(server, call('count'), { id });
  await listening.reach(21);
  listening.hangUp();

  const fresh = await EventStream.get(server, { id, after: first.id });

  await fresh.reach(1);
  await post(server, call('count'), { id });
  await fresh.reach(2);
  assert.deepEqual(fresh.events.map(({ message }) => message?.method ?? null), [
    null,
    'notifications/resources/updated',
  ]);
  assert.notEqual(readId(fresh.events[0].id).stream, readId(first.id).stream);
  fresh.hangUp();
});
