// Agents as they behave: what they do with statuses, errors and streams was recorded with
// Claude Code 2.1.332 and Codex 0.171.0 against servers that answer like this. None of them asks
// the model, or a person, before it repeats a call.
import { createParser } from 'eventsource-parser';
import { PATIENCE_MS } from './deadline.mjs';
import { headersFor, initialize } from './raw.mjs';

export const agents = {
  // After a 404 a new session, and the call again. 503 and 429 are shown to the model. A stream
  // that ends without its response is resumed once, a second later, and once more if that is
  // refused; then, and without an event to resume from, the call waits until it times out.
  claude: { revision: '2025-11-25', repeatsOn: [404], resumeMs: [1000], refusedMs: [1000, 1000] },

  // The same after a 404. A stream is resumed again and again; without an event to resume from the
  // call fails.
  codex: {
    revision: '2025-06-18',
    repeatsOn: [404],
    resumeMs: [1000, 2000, 4000],
    refusedMs: [1000, 2000, 4000],
    failsWithoutId: true,
  },

  // A client behind a proxy that does what the statuses say: not carried out, so once more.
  proxied: {
    revision: '2025-06-18',
    repeatsOn: [404, 429, 503],
    resumeMs: [500, 500, 500, 500],
    refusedMs: [500, 500, 500, 500],
  },
};

const REPEATS = 20;

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Reads an event stream to its end, or up to MESSAGE's response.
async function readStream(answer, message, seen) {
  const parser = createParser({
    onEvent: ({ id, data }) => {
      if (id !== undefined) seen.last = id;
      const said = data === '' ? null : JSON.parse(data);
      if (said?.id === message.id && (said.result || said.error)) seen.response = said;
      if (said !== null) seen.heard();
    },
  });
  const decoder = new TextDecoder();

  try {
    for await (const bytes of answer.body) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      if (seen.response) break;
    }
  } catch {
    // The connection was cut: the same as an end.
  }
  return seen.response;
}

export class Agent {
  posts = 0; // calls that were sent
  statuses = []; // ... and how they were answered
  #heard;
  // Resolves when the first event with a message arrives.
  hears = new Promise((resolve) => (this.#heard = resolve));

  static async connect(server, kind) {
    const self = new Agent();

    self.server = server;
    self.habits = agents[kind];
    await self.#open();
    return self;
  }

  async #open() {
    const { id } = await initialize(this.server, { version: this.habits.revision });

    this.id = id;
  }

  get options() {
    return { id: this.id, revision: this.habits.revision };
  }

  // Another window of the same agent ends the session.
  endSession() {
    const headers = headersFor(this.options);

    return fetch(this.server.url, { method: 'DELETE', headers });
  }

  // Gives what the model is shown: {result}, {error}, or {shown}, the text of a failure. {waited}:
  // the call timed out. MEANWHILE is given what cuts the connection.
  async call(name, args, meanwhile = () => {}) {
    const message = {
      jsonrpc: '2.0',
      id: 1 + Math.floor(Math.random() * 1e9),
      method: 'tools/call',
      params: { name, arguments: args, _meta: { progressToken: 'token' } },
    };
    const late = pause(PATIENCE_MS).then(() => ({ waited: true }));

    return Promise.race([this.#try(message, meanwhile), late]);
  }

  async #try(message, meanwhile) {
    for (let i = 0; i < REPEATS; i++) {
      const outcome = await this.#post(message, meanwhile);

      if (!outcome.again) return outcome;
      meanwhile = () => {};
    }
    return { shown: 'gave up' };
  }

  async #post(message, meanwhile) {
    const cut = new AbortController();
    let answer;

    this.posts++;
    try {
      const sent = fetch(this.server.url, {
        method: 'POST',
        headers: { ...headersFor(this.options), 'content-type': 'application/json' },
        body: JSON.stringify(message),
        signal: cut.signal,
      });
      meanwhile(cut);
      answer = await sent;
    } catch (error) {
      return { shown: String(error) };
    }
    this.statuses.push(answer.status);
    if (answer.status !== 200) return this.#refused(answer);
    if (answer.headers.get('content-type') === 'application/json') return answer.json();
    return this.#follow(answer, message);
  }

  async #refused(answer) {
    const { repeatsOn } = this.habits;
    const text = await answer.text();

    if (!repeatsOn.includes(answer.status)) return { shown: text };
    if (answer.status === 404) {
      await this.#open();
      return { again: true };
    }
    await pause(1000 * Number(answer.headers.get('retry-after') ?? 1));
    await this.server.ready;
    return { again: true };
  }

  async #follow(answer, message) {
    const seen = { heard: this.#heard };
    let response = await readStream(answer, message, seen);
    let { resumeMs: delays } = this.habits;

    for (let i = 0; !response && seen.last !== undefined && i < delays.length; i++) {
      await pause(delays[i]);
      await this.server.ready; // how long a restart takes is the machine's matter
      const again = await this.#resume(seen.last);

      if (again?.status === 200) response = await readStream(again, message, seen);
      else delays = this.habits.refusedMs;
    }
    if (response) return response;
    if (seen.last === undefined && this.habits.failsWithoutId) return { shown: 'transport closed' };
    return new Promise(() => {}); // it waits for what never comes
  }

  async #resume(last) {
    const headers = { ...headersFor(this.options), 'last-event-id': last };

    try {
      return await fetch(this.server.url, { method: 'GET', headers });
    } catch {
      return null;
    }
  }
}
