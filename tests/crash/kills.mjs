// The ways in which the server is killed. Each is given the campaign's server while it is busy, and
// resolves when that is down and its store has been looked at; with the number of starts that were
// interrupted on the way.
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from '../clients/server.mjs';
import { Violation } from './entry.mjs';
import { checkFiles, checkStore } from './store_check.mjs';
import { Wire } from './wire.mjs';

// Milliseconds: about what an unhindered stop takes.
const DRAIN_MS = 15;

async function whileBusy(server) {
  await server.kill();
  checkStore(server.store);
  return 0;
}

async function whileStopping(server, random) {
  const end = server.end('SIGTERM');

  await delay(random.below(DRAIN_MS));
  await server.kill();
  const { code, signal } = await end;
  if (code !== 0 && signal !== 'SIGKILL')
    throw new Violation(`SIGTERM ended it with ${signal ?? `exit code ${code}`}`);
  checkStore(server.store);
  return 0;
}

// Sometimes just after it was up; but it must not have given up by itself.
async function interruptStart(server, random, usual) {
  const started = server.start().catch(() => {});

  await delay(random.below(1.3 * usual));
  const end = await server.kill();
  await started;
  if (end?.signal !== 'SIGKILL') throw new Violation('a start ended before it was interrupted');
  checkStore(server.store);
}

async function whileStarting(server, random) {
  const times = 1 + random.index(3);

  await whileBusy(server);
  for (let i = 0; i < times; i++) await interruptStart(server, random, server.startMs);
  return times;
}

function require(answer, claim) {
  if (claim) return;
  throw new Violation(`after an interrupted first start: ${answer.status} ${answer.text}`);
}

async function assertWorks(server, wire) {
  const begun = await wire.initialize();
  require(begun, begun.status === 200);
  const stored = await wire.call(begun.id, 'remember', { key: 'a', value: 'kept' });
  require(stored, stored.json?.result?.isError !== true);
  await server.restart('kill');
  const recalled = await wire.call(begun.id, 'recall', { key: 'a' });
  require(recalled, recalled.json?.result?.content[0].text === 'kept');
}

// Another store, whose very first start is interrupted.
async function beforeTheFirstStart(server, random) {
  const other = await Server.make(server.program, { tokens: { token: 'somebody' } });
  const times = 1 + random.index(3);
  const wire = new Wire(other, 'token');

  await whileBusy(server);
  for (let i = 0; i < times; i++) await interruptStart(other, random, server.startMs);
  await other.start();
  checkFiles(other);
  await assertWorks(other, wire);
  wire.close();
  await other.kill();
  checkStore(other.store);
  await other.close();
  return times;
}

export const kills = {
  busy: { weight: 55, run: whileBusy },
  stopping: { weight: 20, run: whileStopping },
  starting: { weight: 20, run: whileStarting },
  first: { weight: 5, run: beforeTheFirstStart },
};
