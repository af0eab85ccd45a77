// A random source with a seed, so that a run can be made again (but for its timing).

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  // 32 bits (splitmix32).
  #next() {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  // From 0 to below LIMIT, with a fraction.
  below(limit) {
    return (this.#next() / 2 ** 32) * limit;
  }

  // A whole number from 0 to below LIMIT.
  index(limit) {
    return Math.floor(this.below(limit));
  }

  pick(list) {
    return list[this.index(list.length)];
  }

  // Up to COUNT of LIST, perhaps one twice.
  sample(list, count) {
    if (list.length <= count) return [...list];
    return Array.from({ length: count }, () => this.pick(list));
  }

  // A key of WEIGHTS, as often as its weight says.
  choose(weights) {
    const entries = Object.entries(weights);
    let left = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));

    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries.at(-1)[0];
  }

  // Another source that this one determines.
  fork() {
    return new Random(this.#next());
  }
}
