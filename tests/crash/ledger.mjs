// Kill the server again and again while it is busy, and hold it to all that it acknowledged.
//
//   MCPS_DEMO=path/to/mcps-demo node tests/crash/ledger.mjs [--kills N] [--seed N]
//
// The last line is "N passed, N failed": kills survived, and the violation that ended the run.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Server, demoProgram } from '../clients/server.mjs';
import { Violation } from './entry.mjs';
import { kills } from './kills.mjs';
import { Random } from './random.mjs';
import { checkFiles, checkStore } from './store_check.mjs';
import { Writer } from './writer.mjs';

const WRITERS = 8;
const BUSY_MS = 250; // at most, before a kill
const SAMPLE = 5; // of sessions that were not touched, for each writer and check
const EVERYTHING = 5000;

const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 2 ** 32)}` },
  },
});
const wanted = Number(options.kills);
const seed = Number(options.seed);

class Campaign {
  killed = 0;
  interrupted = 0;
  ways = {};
  startTimes = [];

  constructor(server, tokens, random) {
    this.server = server;
    this.random = random;
    this.writers = tokens.map((token) => new Writer(server, token, random.fork()));
  }

  async #start() {
    this.startTimes.push(await this.server.start());
    checkFiles(this.server);
  }

  #check(sample) {
    return Promise.all(this.writers.map((writer) => writer.check(sample)));
  }

  async #killSoon({ run }) {
    await delay(this.random.below(BUSY_MS));
    return run(this.server, this.random);
  }

  // Some work, a kill in the middle of it.
  async #killOnce() {
    const weights = Object.entries(kills).map(([name, { weight }]) => [name, weight]);
    const way = this.random.choose(Object.fromEntries(weights));
    const working = Promise.all(this.writers.map((writer) => writer.work()));
    const killing = this.#killSoon(kills[way]);

    this.ways[way] = (this.ways[way] ?? 0) + 1;
    await Promise.race([killing, working.then(() => killing)]);
    this.writers.forEach((writer) => writer.rest());
    await working;
    this.interrupted += await killing;
    this.killed++;
  }

  async run() {
    await this.#start();
    while (this.killed < wanted) {
      await this.#killOnce();
      await this.#start();
      await this.#check(SAMPLE);
    }
    await this.server.restart('kill');
    await this.#check(EVERYTHING);
    await this.server.stop();
    checkStore(this.server.store);
  }

  #sum(of) {
    const total = {};

    for (const writer of this.writers)
      for (const [name, n] of Object.entries(of(writer))) total[name] = (total[name] ?? 0) + n;
    return list(total);
  }

  report() {
    const times = this.startTimes.sort((a, b) => a - b).map((ms) => ms.toFixed(0));

    console.log(`${this.killed} kills: ${list(this.ways)}; ${this.interrupted} interrupted starts`);
    console.log(`acknowledged: ${this.#sum((writer) => writer.acknowledged)}`);
    console.log(`unacknowledged: ${this.#sum((writer) => ({ requests: writer.unacknowledged }))}`);
    console.log(`checked: ${this.#sum((writer) => writer.checked)}`);
    console.log(`restart: ${times[times.length >> 1]} ms (median), ${times.at(-1)} ms (longest)`);
  }
}

function list(counts) {
  return Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(', ');
}

const tokens = Array.from({ length: WRITERS }, (_, i) => `token-${i}`);
const subjects = Object.fromEntries(tokens.map((token, i) => [token, `writer-${i}`]));
// Ended sessions stay ended, although most tombstones are dropped.
const server = await Server.make(demoProgram(), {
  tokens: subjects,
  options: ['--max-tombstones-per-caller', '5'],
});
const campaign = new Campaign(server, tokens, new Random(seed));

console.log(`seed ${seed}`);
try {
  await Promise.race([campaign.run(), server.death]);
  campaign.report();
  await server.close();
  console.log(`${campaign.killed} passed, 0 failed`);
  process.exit(0);
} catch (error) {
  campaign.report();
  console.log(error instanceof Violation ? `VIOLATION: ${error.message}` : error);
  console.log(`the server said last:\n${server.tail()}`);
  console.log(`its store stays in ${server.directory}`);
  console.log(`${campaign.killed} passed, 1 failed`);
  process.exit(1);
}
