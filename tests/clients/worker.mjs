// A client at work: it counts and echoes without pause, and knows what it was told.
import assert from 'node:assert/strict';
import { httpStatus } from './caller.mjs';
import { isCut } from './cuts.mjs';

// One caller's loop, and what it knows of its counter.
export class Worker {
  sent = 0;
  numbers = [];
  cut = 0;
  isOver = false;
  #waiting = null;

  constructor(server, caller) {
    this.server = server;
    this.caller = caller;
  }

  // Only a call that the server was stopped under may fail. One that comes to a server that is
  // stopping is refused.
  async #insist(attempt) {
    for (;;) {
      await this.server.ready;
      const wasStopped = this.server.watch();
      try {
        return await attempt();
      } catch (error) {
        if (!wasStopped() || !(isCut(error) || httpStatus(error) === 503)) throw error;
        this.cut++;
      }
    }
  }

  async #step() {
    const n = await this.#insist(() => {
      this.sent++;
      return this.caller.count();
    });
    this.numbers.push(n);
    const text = `${n}`;
    assert.equal(await this.#insist(() => this.caller.text('echo', { text })), text);
  }

  async run() {
    while (!this.isOver) {
      await this.#step();
      this.#waiting?.();
    }
  }

  // Resolves when COUNT more numbers have been given.
  progress(count) {
    const goal = this.numbers.length + count;
    return new Promise((resolve) => {
      this.#waiting = () => {
        if (this.numbers.length >= goal) resolve();
      };
    });
  }

  async check({ id, incarnation }) {
    const { numbers } = this;
    const last = await this.caller.count();
    const now = await this.caller.whoami();

    numbers.slice(1).forEach((n, i) => assert.ok(n > numbers[i], `${n} came after ${numbers[i]}`));
    assert.ok(last > numbers.length, `${last} numbers given, ${numbers.length} acknowledged before`);
    assert.ok(last <= this.sent + 1, `${last} numbers given, ${this.sent + 1} asked for`);
    assert.equal(this.caller.id, id);
    assert.equal(now.origin, 'restored');
    assert.equal(now.incarnation, incarnation);
  }
}
