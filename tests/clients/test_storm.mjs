// Many restarts under load.
import { test } from './harness.mjs';
import { Worker } from './worker.mjs';

const RESTARTS = 20;
const CALLERS = 8;
const CALLS_BETWEEN = 5; // of each caller, at least

async function restartOften(server, workers) {
  for (let i = 0; i < RESTARTS; i++) {
    await Promise.all(workers.map((worker) => worker.progress(CALLS_BETWEEN)));
    await server.restart(i % 2 === 0 ? 'kill' : 'stop');
  }
  await Promise.all(workers.map((worker) => worker.progress(1)));
}

test(`${CALLERS} clients at work survive ${RESTARTS} restarts in a row`, async (lab) => {
  const server = await lab.server();
  const callers = await lab.callers(server, CALLERS);
  const begun = await Promise.all(
    callers.map(async (caller) => ({ id: caller.id, ...(await caller.whoami()) })),
  );
  const workers = callers.map((caller) => new Worker(server, caller));
  const loops = Promise.all(workers.map((worker) => worker.run()));

  await Promise.race([restartOften(server, workers), loops]);
  workers.forEach((worker) => (worker.isOver = true));
  await loops;

  await Promise.all(workers.map((worker, i) => worker.check(begun[i])));
});
