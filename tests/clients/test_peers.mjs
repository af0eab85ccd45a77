// Client libraries and programs of others over restarts and over the loss of the store.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { peers } from './peers.mjs';

const TOKEN = 'token-of-ada';
const tokens = { [TOKEN]: 'ada' };

// PLAY(server, peer) with a server that was just started.
async function playWith(lab, connect, { token }, play) {
  const server = await lab.server(token ? { tokens } : {});
  const peer = await connect(server, token ? { Authorization: `Bearer ${token}` } : {});

  try {
    await play(server, peer);
  } finally {
    await peer.close();
  }
}

async function count(peer) {
  return JSON.parse(await peer.call('count', {})).count;
}

async function sourceOf(peer) {
  return JSON.parse(await peer.call('whoami', {})).origin;
}

async function loseStore(server, what) {
  await server.stop();
  server.loseStore(what);
  await server.start();
}

for (const [name, connect] of Object.entries(peers)) {
  test(`${name} keeps its session over kill -9, SIGTERM and the loss of the store`, (lab) =>
    playWith(lab, connect, { token: TOKEN }, async (server, peer) => {
      assert.equal(await count(peer), 1);
      await server.restart('kill');
      assert.equal(await count(peer), 2);
      await server.restart('stop');
      assert.equal(await count(peer), 3);
      assert.equal(await sourceOf(peer), 'restored');

      await loseStore(server);

      assert.equal(await count(peer), 1);
      assert.equal(await sourceOf(peer), 'recreated');
      await server.restart('kill');
      assert.equal(await count(peer), 2);
    }));

  // Anonymous, and the key is lost, too: nothing shows that the session was this client's.
  test(`${name} learns that its session is lost`, (lab) =>
    playWith(lab, connect, {}, async (server, peer) => {
      assert.equal(await count(peer), 1);
      await loseStore(server, { key: true });
      const answer = count(peer);

      if (name === 'mcp-remote') {
        assert.equal(await answer, 1); // it initializes again by itself
        assert.equal(await sourceOf(peer), 'created');
      } else {
        await assert.rejects(answer, /Session not found \(HTTP 404\): initialize again/);
      }
    }));
}
