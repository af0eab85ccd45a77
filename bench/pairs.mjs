// Slices that take turns, REF A REF B REF ..., each divided by its two neighbours: whatever else
// the machine does meets both.

function median(values) {
  return quantile(values, 0.5);
}

export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)];

  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}

// REFERENCE and each of OTHERS is a function that measures one slice. Resolves with a row for
// each of them, by name.
export async function pairs(sweeps, reference, others) {
  const slices = Object.fromEntries(Object.keys(others).map((name) => [name, []]));
  const references = [await reference()];

  for (let i = 0; i < sweeps; i++)
    for (const [name, measure] of Object.entries(others)) {
      const before = references.at(-1);
      const slice = await measure();
      const after = await reference();

      references.push(after);
      const mean = (what) => (before[what] + after[what]) / 2;
      slices[name].push({
        ...slice,
        rateRatio: slice.rate / mean('rate'),
        cpuRatio: mean('cpu_us') > 0 ? slice.cpu_us / mean('cpu_us') : NaN,
      });
    }
  return {
    reference: summary(references),
    ...Object.fromEntries(Object.entries(slices).map(([name, all]) => [name, summary(all)])),
  };
}

function summary(slices) {
  const of = (what) => slices.map((slice) => slice[what]);

  return {
    rate: median(of('rate')),
    cpu: median(of('cpu_us')),
    p50: median(of('p50_us')),
    p99: median(of('p99_us')),
    ...(slices[0].rateRatio === undefined
      ? {}
      : { rateRatio: spread(of('rateRatio')), cpuRatio: spread(of('cpuRatio')) }),
  };
}

function spread(values) {
  return [quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75)];
}
