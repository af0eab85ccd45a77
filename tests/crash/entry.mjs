// The ledger's entry of one session: what was asked for, what was acknowledged, and so what the
// server may answer from now on.

const HISTORY = 40;

export class Violation extends Error {}

export class Entry {
  incarnation = null; // once it was seen
  phase = 'live'; // doubtful: DELETE was not acknowledged; ended
  wasTouched = true; // since the last check
  #count = { known: 0, doubtful: 0 };
  #facts = new Map(); // key → { known, doubtful: [value] }
  #history = [];

  constructor(id) {
    this.id = id;
    this.note('initialize acknowledged');
  }

  note(text) {
    this.wasTouched = true;
    this.#history.push(`${(performance.now() / 1000).toFixed(4)} ${text}`);
    if (this.#history.length > HISTORY) this.#history.shift();
  }

  #require(claim, text) {
    if (!claim) throw new Violation(`${text}\n${this}`);
  }

  toString() {
    const lines = [`session ${this.id}`, `phase ${this.phase}`, ...this.#history];
    return lines.map((line) => `    ${line}`).join('\n');
  }

  // ---- the counter: each count that was not acknowledged may have happened, once

  countAsked() {
    this.note('count asked');
    this.#count.doubtful++;
  }

  countRefused() {
    this.note('count refused');
    this.#count.doubtful--;
  }

  countAcknowledged(n) {
    const { known, doubtful } = this.#count;

    this.note(`count acknowledged: ${n}`);
    this.#require(
      n > known && n <= known + doubtful,
      `count is ${n}, not ${known + 1} to ${known + doubtful}`,
    );
    this.#count = { known: n, doubtful: 0 };
  }

  get wasCounted() {
    return this.#count.known + this.#count.doubtful > 0;
  }

  // ---- facts: the last acknowledged value, or one of those asked for since then

  #fact(key) {
    if (!this.#facts.has(key)) this.#facts.set(key, { known: undefined, doubtful: [] });
    return this.#facts.get(key);
  }

  get keys() {
    return [...this.#facts.keys()];
  }

  rememberAsked(key, value) {
    this.note(`remember ${key}=${value} asked`);
    this.#fact(key).doubtful.push(value);
  }

  rememberRefused(key, value) {
    this.note(`remember ${key}=${value} refused`);
    this.#fact(key).doubtful.pop();
  }

  rememberAcknowledged(key, value) {
    this.note(`remember ${key}=${value} acknowledged`);
    this.#facts.set(key, { known: value, doubtful: [] });
  }

  // What was seen once stays.
  recalled(key, value) {
    const { known, doubtful } = this.#fact(key);

    this.note(`recall ${key}=${value}`);
    this.#require(
      value === known || doubtful.includes(value),
      `${key} is ${value}, not ${[known, ...doubtful].join(' or ')}`,
    );
    this.#facts.set(key, { known: value, doubtful: [] });
  }

  // ---- life and end

  seen({ origin, incarnation }, expectedOrigins) {
    this.note(`whoami: ${origin} ${incarnation}`);
    this.#require(this.phase !== 'ended', 'an ended session is served');
    this.#require(
      expectedOrigins.includes(origin),
      `origin is ${origin}, not ${expectedOrigins.join(' or ')}`,
    );
    this.#require(
      this.incarnation === null || this.incarnation === incarnation,
      `incarnation was ${this.incarnation}`,
    );
    this.incarnation = incarnation;
    this.phase = 'live';
  }

  deleteAsked() {
    this.note('DELETE asked');
    this.phase = 'doubtful';
  }

  deleteRefused() {
    this.note('DELETE refused');
    this.phase = 'live';
  }

  ended(how) {
    this.note(how);
    this.#require(this.phase !== 'live', 'a live session is gone');
    this.phase = 'ended';
  }
}
