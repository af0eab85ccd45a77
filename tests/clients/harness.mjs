// Tests are sentences; each runs in a lab that cleans up behind it.
import { Caller } from './caller.mjs';
import { PATIENCE_MS, deferred, within } from './deadline.mjs';
import { Server, demoProgram } from './server.mjs';

const TEST_MS = 2 * PATIENCE_MS;
const tests = [];

export function test(sentence, body) {
  tests.push({ sentence, body });
}

// Servers and clients for one test. Whatever goes wrong in the background fails the test, too.
class Lab {
  #servers = [];
  #callers = [];
  #trouble = deferred();

  get trouble() {
    return this.#trouble.promise;
  }

  async server(options) {
    const server = await Server.make(demoProgram(), options);

    this.#servers.push(server);
    server.death.catch(this.#trouble.reject);
    await server.start();
    return server;
  }

  async caller(server, options) {
    const caller = await Caller.connect(server, options);

    this.#callers.push(caller);
    return caller;
  }

  // COUNT of them at once.
  callers(server, count, options) {
    return Promise.all(Array.from({ length: count }, () => this.caller(server, options)));
  }

  // Stopping cleanly is part of every test.
  async close({ cleanly }) {
    try {
      await Promise.all(this.#callers.map((caller) => caller.close()));
      if (cleanly) for (const server of this.#servers) await server.stop();
    } finally {
      await Promise.all(this.#servers.map((server) => server.close()));
    }
  }

  tail() {
    return this.#servers.map((server) => server.tail()).join('\n');
  }
}

// Resolves with what went wrong, or null.
async function runOne({ body }) {
  const lab = new Lab();
  let problem = null;

  try {
    await within(TEST_MS, 'the test', Promise.race([body(lab), lab.trouble]));
  } catch (error) {
    problem = `${error?.stack ?? error}\n  the server said last:\n${lab.tail()}`;
  }
  try {
    await lab.close({ cleanly: problem === null });
  } catch (error) {
    problem ??= `${error?.stack ?? error}`;
  }
  return problem;
}

// Resolves with the number of those that failed. WANTED chooses by sentence.
export async function runTests(wanted) {
  const chosen = tests.filter(({ sentence }) => wanted(sentence));
  let failed = 0;

  for (const each of chosen) {
    const began = performance.now();
    const problem = await runOne(each);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);

    console.log(`${problem ? 'FAIL' : 'ok  '} ${each.sentence} (${seconds} s)`);
    if (problem) {
      failed++;
      console.log(problem.replace(/^/gm, '    '));
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 && chosen.length > 0;
}
