// Event streams as bytes on the wire, read by a parser that is not ours.
import http from 'node:http';
import { createParser } from 'eventsource-parser';
import { PATIENCE_MS, deferred, within } from './deadline.mjs';
import { headersFor } from './raw.mjs';

export class EventStream {
  events = []; // {id, data, message}
  retry = null; // what it told last, in milliseconds
  #over = deferred();
  #listeners = new Set();

  // OPTIONS as for send(), and AFTER: the event to resume after.
  static get(server, options) {
    return EventStream.#open(server, 'GET', options);
  }

  static post(server, message, options) {
    return EventStream.#open(server, 'POST', options, JSON.stringify(message));
  }

  // A BODY is sent as it is.
  static postText(server, body, options) {
    return EventStream.#open(server, 'POST', options, body);
  }

  static async #open(server, method, { after, ...options }, body) {
    const self = new EventStream();
    const headers = { ...headersFor(options), ...(after && { 'last-event-id': after }) };
    const answered = deferred();

    if (body !== undefined) headers['content-type'] = 'application/json';
    self.request = http.request(server.url, { method, headers, agent: false });
    self.request.on('error', answered.reject);
    self.request.on('response', answered.resolve);
    self.request.end(body);
    self.#read(await within(PATIENCE_MS, `the answer to ${method}`, answered.promise));
    return self;
  }

  #read(response) {
    const parser = createParser({
      onEvent: (event) => this.#take(event),
      onRetry: (milliseconds) => (this.retry = milliseconds),
      onError: (error) => this.#over.reject(error),
    });

    this.status = response.statusCode;
    this.type = response.headers['content-type'];
    response.setEncoding('utf8');
    response.on('data', (text) => {
      try {
        parser.feed(text);
      } catch (error) {
        this.#over.reject(error);
      }
    });
    response.on('end', () => this.#over.resolve({ isCut: false }));
    response.on('error', () => this.#over.resolve({ isCut: true }));
  }

  // An event of ours has no type.
  #take({ event, id, data }) {
    if (event !== undefined) this.#over.reject(new Error(`an event of type ${event}`));
    this.events.push({ id, data, message: data === '' ? null : JSON.parse(data) });
    this.#listeners.forEach((look) => look());
  }

  // Resolves with how it ended: {isCut}.
  get end() {
    return within(PATIENCE_MS, 'the end of the stream', this.#over.promise);
  }

  // Resolves when COUNT events have come; with all so far.
  async reach(count) {
    const enough = new Promise((resolve) => {
      const look = () => {
        if (this.events.length < count) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
    const over = this.#over.promise.then(() => {
      if (this.events.length < count)
        throw new Error(`the stream ended after ${this.events.length} of ${count} events`);
    });

    await within(PATIENCE_MS, `event ${count}`, Promise.race([enough, over]));
    return this.events;
  }

  // Resolves with all of its events, when it has ended.
  async all() {
    await this.end;
    return this.events;
  }

  get messages() {
    return this.events.map(({ message }) => message).filter((message) => message !== null);
  }

  hangUp() {
    this.request.destroy();
  }
}

// The stream that an event's id names, and the event's number there.
export function readId(id) {
  const [, stream, number] = /^([0-9a-f]{16})-(\d+)$/.exec(id) ?? [];
  return { stream, number: Number(number) };
}
