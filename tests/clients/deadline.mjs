// Waiting for events, each with a deadline.

// A deadline ends a test that would wait for ever. No test passes or fails by how fast the machine
// is: a busy one takes many times as long as an idle one.
export const PATIENCE_MS = 60_000;

// Resolves with the result of PROMISE; fails, naming WHAT, when that takes longer than MS.
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// For what sends no event: resolves when HOLDS() gives true.
export function poll(what, holds) {
  const look = async () => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return within(PATIENCE_MS, what, look());
}

// A promise with its resolve() and reject(). Nobody has to listen to its failure.
export function deferred() {
  const self = {};
  self.promise = new Promise((resolve, reject) => Object.assign(self, { resolve, reject }));
  self.promise.catch(() => {});
  return self;
}
