// Agents repeat a call when its status says that it was not carried out. A call that was
// carried out is never answered like that, whatever ends while it runs, and every call is answered.
import assert from 'node:assert/strict';
import { Agent, agents } from './agent.mjs';
import { PATIENCE_MS, poll, within } from './deadline.mjs';
import { test } from './harness.mjs';
import { call, post, request } from './raw.mjs';

const LONG_DRAIN = ['--drain', '60s'];
const UNKNOWN = 'The outcome of this call is unknown. Check before repeating it.';
// These calls end when they are cancelled, and others when the test lets them go.
const LONG_MS = 60_000;

// Resolves when AGENT's session is too old.
function ends(server, agent) {
  const isOver = async () => (await post(server, request('ping'), agent.options)).status === 404;

  return poll('the end of the session', isOver);
}

function assertUnknown({ error, ...others }, state) {
  assert.deepEqual(others.waited ?? others.shown, undefined, JSON.stringify(others));
  assert.equal(error?.code, -32603);
  assert.equal(error.message, UNKNOWN);
  assert.deepEqual(error.data, { reason: 'outcome_unknown', ...(state && { state }) });
}

function assertActed({ result, ...others }) {
  assert.equal(result?.content[0].text, 'acted', JSON.stringify(others));
}

// PLAY(server, agent) for each agent, on a server of its own; the call "it" is carried out once.
function scenario(sentence, options, play) {
  test(sentence, async (lab) => {
    const playWith = async (kind) => {
      const server = await lab.server({ hasEffects: true, options });
      const agent = await Agent.connect(server, kind);

      await play(server, agent);

      assert.equal(server.effects().it, 1);
    };
    const named = (kind) => (error) => {
      throw new Error(`${kind}: ${error.stack}`);
    };

    await Promise.all(Object.keys(agents).map((kind) => playWith(kind).catch(named(kind))));
  });
}

// JSON, or a stream from the first event on.
const forms = { json: {}, stream: { tells: true } };

for (const [form, how] of Object.entries(forms)) {
  scenario(
    `a call whose session is deleted under it is not repeated: ${form}`,
    [],
    async (server, agent) => {
      const outcome = agent.call('act', { name: 'it', ms: LONG_MS, ...how });
      await server.begins('it');

      assert.equal((await agent.endSession()).status, 204);

      assertUnknown(await outcome);
      assert.equal(agent.posts, 1);
    },
  );

  scenario(
    `a call that does not hear of the end of its session is not repeated: ${form}`,
    [],
    async (server, agent) => {
      const deaf = { name: 'it', waits: true, is_deaf: true, keeps: true };
      const outcome = agent.call('act', { ...deaf, ...how });
      await server.begins('it');

      assert.equal((await agent.endSession()).status, 204);
      server.letGo('it');

      assertUnknown(await outcome);
      assert.equal(agent.posts, 1);
    },
  );

  scenario(
    `a call whose session grows too old under it is not repeated: ${form}`,
    ['--max-session-age', '5s'],
    async (server, agent) => {
      const outcome = agent.call('act', { name: 'it', waits: true, ...how });
      await server.begins('it');

      await ends(server, agent);
      server.letGo('it');

      assertUnknown(await outcome);
      assert.equal(agent.posts, 1);
    },
  );

  scenario(
    `a call that outlasts the drain is not repeated: ${form}`,
    ['--drain', '3s'],
    async (server, agent) => {
      const outcome = agent.call('act', { name: 'it', waits: true, is_deaf: true, ...how });
      await server.begins('it');

      await server.restart('stop');

      assertUnknown(await outcome);
      assert.equal(agent.posts, 1);
    },
  );

  scenario(`a call that ends in the drain is answered: ${form}`, LONG_DRAIN, async (server, agent) => {
    const outcome = agent.call('act', { name: 'it', waits: true, keeps: true, ...how });
    await server.begins('it');

    const stopped = server.stop();
    await server.says(/: stopping;/);
    server.letGo('it');
    await stopped;
    await server.start();

    assertActed(await outcome);
    assert.equal(agent.posts, 1);
  });
}

// With the only worker busy. The new session's call waits for it, too.
scenario(
  'a call that has not begun when its session is deleted is carried out in the next one',
  ['--workers', '1', '--stream-after', '1h'],
  async (server, agent) => {
    const other = await Agent.connect(server, 'codex');
    const busy = other.call('act', { name: 'other', waits: true });
    await server.begins('other');
    const outcome = agent.call('act', { name: 'it', keeps: true });
    await post(server, call('nothing'), { id: agent.id }); // it has been read

    assert.equal((await agent.endSession()).status, 204);
    server.letGo('other');

    assertActed(await outcome);
    assertActed(await busy);
    assert.deepEqual(agent.statuses, [404, 200]);
    assert.equal(server.effects().other, 1);
  },
);

// The first two show the model that the server stops, the last one comes again.
test('a call that has not begun when the drain is over never does in that process', async (lab) => {
  const options = ['--workers', '1', '--drain', '3s', '--stream-after', '1h'];
  const server = await lab.server({ hasEffects: true, options });
  const kinds = ['claude', 'codex', 'proxied'];
  const other = await Agent.connect(server, 'codex');
  const waiting = await Promise.all(kinds.map((kind) => Agent.connect(server, kind)));
  const busy = other.call('act', { name: 'other', waits: true, is_deaf: true });
  await server.begins('other');
  const outcomes = waiting.map((agent, i) => agent.call('act', { name: kinds[i] }));
  for (const { id } of waiting) await post(server, call('nothing'), { id }); // it has been read

  await server.restart('stop');

  assert.match((await outcomes[0]).shown, /Server is stopping/);
  assert.match((await outcomes[1]).shown, /Server is stopping/);
  assertActed(await outcomes[2]);
  assertUnknown(await busy);
  assert.deepEqual(
    waiting.map(({ statuses }) => statuses),
    [[503], [503], [503, 200]],
  );
  assert.deepEqual(server.effects(), { other: 1, proxied: 1 });
});

scenario('a call that kill -9 cuts off is not repeated', [], async (server, agent) => {
  const outcome = agent.call('act', { name: 'it', ms: LONG_MS, tells: true });
  await within(PATIENCE_MS, 'the first event', agent.hears);

  await server.restart('kill');

  assertUnknown(await outcome);
  assert.equal(agent.posts, 1);
});

// The connection goes first, then the session: the client that resumes is told the same.
test('a client that lost its connection hears of the end of its session', async (lab) => {
  const hears = async (after) => {
    const server = await lab.server({ hasEffects: true });
    const agent = await Agent.connect(server, 'proxied');
    const outcome = agent.call('act', { name: 'it', ms: LONG_MS, tells: true }, (cut) =>
      agent.hears.then(() => cut.abort()),
    );
    await within(PATIENCE_MS, 'the first event', agent.hears);

    assert.equal((await agent.endSession()).status, 204);
    if (after === 'a restart') await server.restart('stop');
    if (after === 'kill -9') await server.restart('kill');

    assertUnknown(await outcome);
    assert.equal(agent.posts, 1);
    assert.equal(server.effects().it, 1);
  };

  await Promise.all(['the call', 'a restart', 'kill -9'].map(hears));
});

// The demo server's own tools. One caller's calls begin in order: all sleep when the last one speaks.
test('a call that sleeps when its session is deleted is not begun again', async (lab) => {
  const server = await lab.server({ options: ['--workers', '8'] });
  const sleeping = await Promise.all(
    Object.keys(agents).map((kind) => Agent.connect(server, kind)),
  );
  const outcomes = sleeping.map((agent) => agent.call('sleep', { ms: LONG_MS }));
  for (const { id } of sleeping) await post(server, call('nothing'), { id }); // it has been read
  const told = await Agent.connect(server, 'codex');
  outcomes.push(told.call('slow_count', { to: 1000, ms: LONG_MS / 1000 }));
  await within(PATIENCE_MS, 'the first event', told.hears);

  for (const agent of [...sleeping, told]) assert.equal((await agent.endSession()).status, 204);

  for (const outcome of outcomes) assertUnknown(await outcome);
  for (const { posts } of [...sleeping, told]) assert.equal(posts, 1);
});
