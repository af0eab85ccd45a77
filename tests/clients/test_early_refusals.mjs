// A request that is refused by its headers while its client still sends a large body: the client
// gets the answer, not a reset.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { test } from './harness.mjs';

const MB = 1_000_000;
const SIZES = [1 * MB, 3 * MB, 20 * MB];
const PYTHON = fileURLToPath(new URL('early_refusal.py', import.meta.url));
const JSON_TYPE = { 'content-type': 'application/json' };
const BEARER = { authorization: 'Bearer secret' };

const refusals = [
  { status: 401, headers: JSON_TYPE, needsTokens: true },
  { status: 403, headers: { ...JSON_TYPE, ...BEARER, origin: 'http://evil.test' } },
  { status: 404, headers: { ...JSON_TYPE, ...BEARER }, path: '/register', isProgramsInMount: true },
  { status: 406, headers: { ...JSON_TYPE, ...BEARER, accept: 'text/html' } },
  { status: 415, headers: { ...BEARER, 'content-type': 'text/plain' } },
];

// A body of more than the server takes; a shorter one would be read.
const tooLarge = { status: 413, headers: { ...JSON_TYPE, ...BEARER } };

async function byFetch(url, size, headers) {
  const answer = await fetch(url, { method: 'POST', headers, body: Buffer.alloc(size, ' ') });

  await answer.text();
  return answer.status;
}

async function byPython(url, size, headers) {
  const { hostname, port, pathname } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}=${value}`);
  const { stdout } = await promisify(execFile)('python3', [
    PYTHON, hostname, port, pathname, String(size), ...lines,
  ]);

  return Number(stdout);
}

async function assertRefused(server, refusal, sizes = SIZES) {
  const url = new URL(refusal.path ?? '/mcp', server.url);

  for (const [send, rounds] of [[byFetch, 3], [byPython, 1]])
    for (const size of sizes)
      for (let i = 0; i < rounds; i++)
        assert.equal(
          await send(url, size, refusal.headers),
          refusal.status,
          `${send.name} ${refusal.status} ${size}`,
        );
}

for (const refusal of [...refusals, tooLarge])
  test(`${refusal.status} reaches a client that is still sending`, async (lab) => {
    const server = await lab.server({ tokens: { secret: 'ann' }, options: ['--max-body', '500K'] });

    await assertRefused(server, refusal);
  });

for (const refusal of refusals.filter((each) => !each.needsTokens && !each.isProgramsInMount))
  test(`${refusal.status} of a mounted server reaches a client that is still sending`, async (lab) => {
    await assertRefused(await lab.server({ example: 'mount' }), refusal);
  });

test('413 of a mounted server reaches a client that is still sending', async (lab) => {
  await assertRefused(await lab.server({ example: 'mount' }), tooLarge, [20 * MB]);
});

test('many clients at once get their refusals', async (lab) => {
  const server = await lab.server({ tokens: { secret: 'ann' } });
  const statuses = await Promise.all(
    Array.from({ length: 40 }, () => byFetch(server.url, 3 * MB, JSON_TYPE)),
  );

  assert.deepEqual([...new Set(statuses)], [401]);
});
