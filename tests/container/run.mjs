// The image, and the life of its containers under clients of the SDK that stay connected.
//
//   node tests/container/run.mjs
//
// Needs docker or podman (or what MCPS_CONTAINER_ENGINE says, such as "podman --runtime runc"), and
// the base image; skips, with the reason, where there is none. What is real: the image is built
// from this tree; its containers run it read-only, without capabilities, as its user, on a volume
// and with secrets. What is not: of the 15 builds only the first compiles; the others take its
// layers from the cache and add a label, so that each is another image.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Caller } from '../clients/caller.mjs';
import { freePort } from '../clients/server.mjs';
import { Worker } from '../clients/worker.mjs';
import { Container } from './container.mjs';
import { Engine } from './engine.mjs';

const REPLACEMENTS = 14;
const CALLS_BETWEEN = 3;
const source = path.resolve(fileURLToPath(import.meta.url), '../../..');
const run = `mcps-test-${process.pid}`;
const token = 'token-of-ada';

const volumes = { store: `${run}-store`, secrets: `${run}-secrets` };

async function build(engine, number) {
  const tag = `${run}:${number}`;

  await engine.build(tag, source, `org.opencontainers.image.revision=${number}`);
  return tag;
}

// What an administrator does: a key and tokens that the server can read, and nobody else.
async function giveSecrets(engine, image) {
  const files = {
    key: `current ${randomBytes(32).toString('hex')}`,
    tokens: `${createHash('sha256').update(token).digest('hex')} ada`,
  };
  const write = Object.entries(files).map(([name, text]) => `echo '${text}' >/secrets/${name}`);
  const script = `umask 077; ${write.join('; ')}; chown -R 10001 /secrets; chmod 400 /secrets/*`;
  const shell = ['--user', '0', '--entrypoint', 'sh', image, '-c', script];

  await engine.ask([
    ...['run', '--rm', '--network', 'host', ...engine.limits],
    ...['--volume', `${volumes.secrets}:/secrets`, ...shell],
  ]);
}

function makeContainer(engine, port) {
  return new Container(engine, run, port, {
    mounts: [`${volumes.store}:/var/lib/mcps`, `${volumes.secrets}:/run/secrets:ro`],
    environment: [
      `MCPS_LISTEN=127.0.0.1:${port}`,
      'MCPS_KEY_FILE=/run/secrets/key',
      'MCPS_TOKENS=/run/secrets/tokens',
    ],
  });
}

async function checkImage(engine, image) {
  const config = JSON.parse(
    await engine.ask(['image', 'inspect', '--format', '{{json .Config}}', image]),
  );

  assert.equal(config.User, '10001:10001');
  assert.equal(config.StopSignal, 'SIGTERM');
  assert.deepEqual(Object.keys(config.Volumes), ['/var/lib/mcps']);
  assert.equal(config.Labels['org.opencontainers.image.licenses'], 'MIT');
}

// The cycle of the reports: image rebuilt, container replaced, the client left open.
async function replaceOften(engine, container, workers) {
  const images = new Set();

  for (let i = 1; i <= REPLACEMENTS; i++) {
    const image = await build(engine, i);
    images.add(await engine.ask(['image', 'inspect', '--format', '{{.Id}}', image]));
    await Promise.all(workers.map((worker) => worker.progress(CALLS_BETWEEN)));
    assert.equal(await container.stop(), 0);
    await container.start(image);
  }
  await Promise.all(workers.map((worker) => worker.progress(CALLS_BETWEEN)));
  assert.equal(images.size, REPLACEMENTS, 'each build made another image');
}

async function survivesReplacement(engine, container) {
  const callers = [await Caller.connect(container, { token }), await Caller.connect(container, { token })];
  const begun = await Promise.all(
    callers.map(async (caller) => ({ id: caller.id, ...(await caller.whoami()) })),
  );
  const workers = callers.map((caller) => new Worker(container, caller));
  const loops = Promise.all(workers.map((worker) => worker.run()));

  await Promise.race([replaceOften(engine, container, workers), loops]);
  workers.forEach((worker) => (worker.isOver = true));
  await loops;
  await Promise.all(workers.map((worker, i) => worker.check(begun[i])));
  const calls = workers.reduce((sum, worker) => sum + worker.numbers.length, 0);
  const cut = workers.reduce((sum, worker) => sum + worker.cut, 0);
  console.log(`     ${calls} counts acknowledged, ${cut} calls cut by ${REPLACEMENTS} stops`);
  await Promise.all(callers.map((caller) => caller.close()));
}

async function recreatedWithoutVolume(engine, container) {
  const caller = await Caller.connect(container, { token });
  const { id } = caller;
  const before = await caller.whoami();

  await container.stop();
  await engine.ask(['volume', 'rm', volumes.store]);
  await container.start(`${run}:${REPLACEMENTS}`);

  const after = await caller.whoami();
  assert.equal(caller.id, id);
  assert.equal(before.origin, 'created');
  assert.equal(after.origin, 'recreated');
  assert.notEqual(after.incarnation, before.incarnation);
  await caller.close();
}

async function isHealthyWhileItServes(engine, container) {
  assert.equal(await container.isHealthy(), true);
}

const tests = [
  ['the image says how it is to be run', (engine) => checkImage(engine, `${run}:0`)],
  ['the health check of the image is content with a container that serves', isHealthyWhileItServes],
  [
    `clients go on while image and container are replaced ${REPLACEMENTS} times over one volume`,
    survivesReplacement,
  ],
  ['without the volume a client with a token goes on under its id', recreatedWithoutVolume],
];

async function runAll(engine, container) {
  let failed = 0;

  for (const [sentence, body] of tests) {
    const began = performance.now();
    const problem = await body(engine, container).then(
      () => null,
      (error) => error,
    );
    const seconds = ((performance.now() - began) / 1000).toFixed(1);

    console.log(`${problem ? 'FAIL' : 'ok  '} ${sentence} (${seconds} s)`);
    if (problem) {
      failed++;
      console.log(`${problem.stack ?? problem}\n${container.output}`.replace(/^/gm, '    '));
    }
  }
  return failed;
}

async function clean(engine, container) {
  await container.remove();
  for (const volume of Object.values(volumes)) await engine.can(['volume', 'rm', volume]);
  for (let i = 0; i <= REPLACEMENTS; i++) await engine.can(['rmi', `${run}:${i}`]);
}

const engine = await Engine.find((reason) => console.log(`skipped ${reason}`));
if (engine === null) {
  console.log('0 passed, 0 failed');
  process.exit(0);
}

const container = makeContainer(engine, await freePort());
let failed = tests.length;
try {
  const began = performance.now();
  const image = await build(engine, 0);
  console.log(`built with ${engine.name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  await giveSecrets(engine, image);
  await container.start(image);
  failed = await runAll(engine, container);
} catch (error) {
  console.log(`${error.stack ?? error}\n${container.output}`);
} finally {
  await clean(engine, container);
}
console.log(`${tests.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
