// A call of the official client that tells how far it is, and all that its client saw of it.
import { PATIENCE_MS, deferred, within } from './deadline.mjs';

export class SlowCall {
  progress = []; // the numbers it was told
  ids = []; // of events, as they came
  #over = deferred();
  #abort = new AbortController();
  #listeners = new Set();

  constructor(caller, args) {
    const options = {
      onprogress: ({ progress }) => this.#take(progress),
      onresumptiontoken: (id) => !this.isOver && this.ids.push(id),
      signal: this.#abort.signal,
      timeout: PATIENCE_MS,
    };

    caller
      .call('slow_count', args, options)
      .then((result) => this.#end({ result }))
      .catch((error) => this.#end({ error }));
  }

  #take(progress) {
    this.progress.push(progress);
    this.#listeners.forEach((look) => look());
  }

  #end(outcome) {
    this.isOver = true;
    this.#over.resolve(outcome);
  }

  cancel() {
    this.#abort.abort('cancelled');
  }

  // Resolves with {result} or {error}.
  get outcome() {
    return this.#over.promise;
  }

  // Resolves when COUNT numbers have been told.
  reach(count) {
    const reached = new Promise((resolve) => {
      const look = () => this.progress.length >= count && resolve();

      this.#listeners.add(look);
      look();
    });
    return within(PATIENCE_MS, `number ${count}`, reached);
  }
}
