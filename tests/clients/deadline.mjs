// Waiting for events, each with a deadline.

// What PROMISE gives; fails, naming WHAT, when it takes longer than MS.
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

// A promise, and who settles it. Nobody has to listen to its failure.
export function deferred() {
  const self = {};
  self.promise = new Promise((resolve, reject) => Object.assign(self, { resolve, reject }));
  self.promise.catch(() => {});
  return self;
}
