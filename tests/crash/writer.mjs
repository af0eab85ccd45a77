// One of those who keep the server busy, with sessions of his own. All he asks for is in their
// entries, and after a restart he holds the server to them.
import { isCut, isRefused } from '../clients/cuts.mjs';
import { Entry, Violation } from './entry.mjs';
import { Wire } from './wire.mjs';

const MOST_LIVE = 40;
const KEYS = ['a', 'b', 'c'];
const WEIGHTS = { initialize: 20, count: 40, remember: 25, delete: 12, look: 3 };

const CUT = Symbol('cut'); // perhaps carried out
const REFUSED = Symbol('refused'); // certainly not

export class Writer {
  acknowledged = { initialize: 0, count: 0, remember: 0, delete: 0 };
  unacknowledged = 0;
  checked = { restored: 0, ended: 0 };
  #live = [];
  #ended = [];
  #lastValue = 0;

  constructor(server, token, random) {
    this.server = server;
    this.random = random;
    this.wire = new Wire(server, token);
  }

  // ---- asking

  // The answer, or CUT or REFUSED, for which the only excuse is that the server was stopped. One
  // that is stopping answers 503.
  async #ask(exchange) {
    const wasStopped = this.server.watch();
    let outcome;

    try {
      outcome = await exchange();
      if (outcome.status !== 503) return outcome;
    } catch (error) {
      if (!isCut(error)) throw error;
      outcome = error;
    }
    if (!wasStopped())
      throw new Violation(`without a stop: ${outcome.text ?? outcome.message}`);
    this.unacknowledged++;
    return isRefused(outcome) ? REFUSED : CUT;
  }

  async #call(entry, name, args) {
    const answer = await this.#ask(() => this.wire.call(entry.id, name, args));

    if (typeof answer === 'symbol') return answer;
    if (answer.status !== 200 && answer.status !== 404)
      throw new Violation(`${name}: ${answer.status} ${answer.text}\n${entry}`);
    return answer;
  }

  static #result(entry, answer) {
    if (answer.status === 200 && answer.json?.result) return answer.json.result;
    throw new Violation(`${answer.status} (${answer.type}) "${answer.text}"\n${entry}`);
  }

  // ---- working

  async #initialize() {
    const answer = await this.#ask(() => this.wire.initialize());

    if (typeof answer === 'symbol') return answer;
    if (answer.status !== 200 || !answer.id)
      throw new Violation(`initialize: ${answer.status} ${answer.text}`);
    this.#live.push(new Entry(answer.id));
    this.acknowledged.initialize++;
    return answer;
  }

  async #count(entry) {
    entry.countAsked();
    const answer = await this.#call(entry, 'count');

    if (answer === REFUSED) entry.countRefused();
    if (typeof answer === 'symbol') return answer;
    entry.countAcknowledged(Writer.#result(entry, answer).structuredContent.count);
    this.acknowledged.count++;
    return answer;
  }

  async #remember(entry) {
    const key = this.random.pick(KEYS);
    const value = `v${++this.#lastValue}`;

    entry.rememberAsked(key, value);
    const answer = await this.#call(entry, 'remember', { key, value });

    if (answer === REFUSED) entry.rememberRefused(key, value);
    if (typeof answer === 'symbol') return answer;
    if (Writer.#result(entry, answer).isError) throw new Violation(`${answer.text}\n${entry}`);
    entry.rememberAcknowledged(key, value);
    this.acknowledged.remember++;
    return answer;
  }

  async #delete(entry) {
    entry.deleteAsked();
    const answer = await this.#ask(() => this.wire.delete(entry.id));

    if (answer === REFUSED) entry.deleteRefused();
    if (typeof answer === 'symbol') return answer;
    if (answer.status !== 204) throw new Violation(`DELETE: ${answer.status}\n${entry}`);
    this.#noteEnd(entry, 'DELETE acknowledged');
    this.acknowledged.delete++;
    return answer;
  }

  #noteEnd(entry, how) {
    entry.ended(how);
    this.#live.splice(this.#live.indexOf(entry), 1);
    this.#ended.push(entry);
  }

  async #look(entry, origins) {
    const answer = await this.#call(entry, 'whoami');

    if (typeof answer === 'symbol') return answer;
    if (answer.status === 404) {
      if (entry.phase === 'ended') return answer;
      this.#noteEnd(entry, 'it is a 404');
      return answer;
    }
    entry.seen(Writer.#result(entry, answer).structuredContent, origins);
    return answer;
  }

  #step() {
    const candidates = this.#live.filter(({ phase }) => phase === 'live');
    const weights = { ...WEIGHTS };

    if (candidates.length < 3) return this.#initialize();
    if (this.#live.length >= MOST_LIVE) weights.initialize = 0;
    const entry = this.random.pick(candidates);
    switch (this.random.choose(weights)) {
      case 'initialize':
        return this.#initialize();
      case 'count':
        return this.#count(entry);
      case 'remember':
        return this.#remember(entry);
      case 'delete':
        return this.#delete(entry);
      default:
        return this.#look(entry, ['created', 'restored']);
    }
  }

  // Until rest() is called, or nobody listens any more.
  async work() {
    this.isOver = false;
    while (!this.isOver) if ((await this.#step()) === REFUSED) return;
  }

  rest() {
    this.isOver = true;
  }

  // ---- checking, after a restart, while nobody works

  async #recall(entry, key) {
    const answer = await this.#call(entry, 'recall', { key });
    const result = Writer.#result(entry, answer);

    entry.recalled(key, result.isError ? undefined : result.content[0].text);
  }

  async #checkLive(entry) {
    await this.#look(entry, ['restored']);
    if (entry.phase === 'ended') return;
    for (const key of entry.keys) await this.#recall(entry, key);
    if (entry.wasCounted) await this.#count(entry);
    this.checked.restored++;
    entry.wasTouched = false;
  }

  // What was touched since the last check, and up to SAMPLE others and ended ones.
  async check(sample) {
    const touched = this.#live.filter((entry) => entry.wasTouched);
    const others = this.#live.filter((entry) => !entry.wasTouched);
    const fresh = this.#ended.filter((entry) => entry.wasTouched);

    for (const entry of new Set([...touched, ...this.random.sample(others, sample)]))
      await this.#checkLive(entry);
    for (const entry of new Set([...fresh, ...this.random.sample(this.#ended, sample)])) {
      await this.#look(entry, []);
      entry.wasTouched = false;
      this.checked.ended++;
    }
  }
}
