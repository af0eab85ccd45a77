// What is measured. Each scenario takes the settings of the run and a function that says a row
// of the table: what, figures in words, the goal, and whether it was met (undefined: no goal).
import fs from 'node:fs';
import {
  Server, beginSessions, freePort, load, program, report, streams, workFile,
} from './process.mjs';
import { pairs } from './pairs.mjs';

const fixed = (n) => n.toFixed(2);
const ratio = ([median, low, high]) => `${fixed(median)} (${fixed(low)}–${fixed(high)})`;
const thousands = (n) => Math.round(n).toLocaleString('en').replaceAll(',', ' ');
const micro = (us) => (us < 10 ? us.toFixed(1) : thousands(us));

function rates(row) {
  const times = `p50 ${micro(row.p50)} p99 ${micro(row.p99)} µs`;

  return `${thousands(row.rate)}/s, ${micro(row.cpu)} µs CPU, ${times}`;
}

function against(name, row) {
  const [rate, cpu] = [ratio(row.rateRatio), ratio(row.cpuRatio)];

  return `${rate} of ${name}'s rate, ${cpu} of its CPU; ${rates(row)}`;
}

async function withServers(servers, use) {
  try {
    return await use();
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

// ---- calls ----

// Quick and worker calls on hot durable sessions, beside the floor and the TypeScript SDK.
async function calls({ sweeps, seconds, loops, warm }, say) {
  const floor = await Server.floor(loops);
  const ours = await Server.mcps(loops, workFile('calls.db'));
  const theirs = await Server.typescript();

  await withServers([floor, ours, theirs], async () => {
    const ids = beginSessions(ours, 64, 'calls');
    const theirIds = beginSessions(theirs, 64, 'typescript');

    load(theirs, { ids: theirIds, seconds: warm }); // a JIT has to see some first
    const rows = await pairs(sweeps, () => load(floor, { 'same-id': true, seconds }), {
      quick: () => load(ours, { ids, seconds }),
      work: () => load(ours, { ids, seconds, tool: 'work' }),
      typescript: () => load(theirs, { ids: theirIds, seconds }),
    });
    const { quick, work, typescript } = rows;

    say('floor', rates(rows.reference));
    say('quick call', against('the floor', quick), '≥ 0.75, ≤ 1.5 CPU',
      quick.rateRatio[0] >= 0.75 && quick.cpuRatio[0] <= 1.5);
    say('call on a worker', against('the floor', work), '≥ 0.5', work.rateRatio[0] >= 0.5);
    say('TypeScript SDK', against('the floor', typescript));
    const times = quick.rateRatio[0] / typescript.rateRatio[0];
    say('quick call / TypeScript', `${times.toFixed(1)} × its rate`, '≥ 15 ×', times >= 15);
  });
}

// Answers that are streams: three times progress, then the result. Ours are stored, and on the
// disk, before they are sent.
async function events({ sweeps, seconds, loops, warm }, say) {
  const ours = await Server.mcps(loops, workFile('events.db'));
  const theirs = await Server.typescript('sse');

  await withServers([ours, theirs], async () => {
    const ids = beginSessions(ours, 64, 'events');
    const theirIds = beginSessions(theirs, 64, 'events-typescript');
    const call = { tool: 'progress', events: 3, seconds };
    const slice = (connections) => () => load(ours, { ...call, ids, connections, numbered: true });
    const reference = (connections) => () => load(theirs, { ...call, ids: theirIds, connections });

    load(theirs, { ...call, ids: theirIds, seconds: warm });
    for (const n of [16, 64]) {
      const rows = await pairs(sweeps, reference(n), { ours: slice(n) });

      say(`TypeScript SDK, 3 events, ${n} connections`, rates(rows.reference));
      say(`call with 3 stored events, ${n} connections`, against('TypeScript', rows.ours),
        '≥ 5 000/s and ≥ 3 ×', rows.ours.rate >= 5000 && rows.ours.rateRatio[0] >= 3);
    }
  });
}

// initialize, acknowledged after fsync, by 64 clients.
async function initialize({ sweeps, seconds, loops, warm }, say) {
  const ours = await Server.mcps(loops, workFile('initialize.db'));
  const theirs = await Server.typescript();
  const slice = (server, duration = seconds) =>
    load(server, { initialize: true, connections: 64, seconds: duration });

  await withServers([ours, theirs], async () => {
    slice(theirs, warm);
    const rows = await pairs(sweeps, () => slice(theirs), { ours: () => slice(ours) });

    say('TypeScript SDK, in memory', rates(rows.reference));
    say('initialize, after fsync', against('TypeScript', rows.ours), '≥ 15 000/s and ≥ 5 ×',
      rows.ours.rate >= 15000 && rows.ours.rateRatio[0] >= 5);
  });
}

// Quick calls on a server that is mounted in a libmicrohttpd daemon of each mode, beside mcps_daemon.
async function mounted({ sweeps, seconds, loops }, say) {
  const modes = ['select', 'poll', 'epoll', 'pool', 'loop', 'thread'];
  const servers = [];

  await withServers(servers, async () => {
    const add = async (name, bounds) => {
      const server = await Server.mcps(loops, workFile(`mounted-${name}.db`), bounds);

      servers.push(server);
      const ids = beginSessions(server, 64, `mounted-${name}`);
      return () => load(server, { ids, seconds });
    };
    const ours = await add('daemon', {});
    const others = {};

    for (const mode of modes) others[mode] = await add(mode, { mode });
    const rows = await pairs(sweeps, ours, others);

    say('quick call, mcps_daemon', rates(rows.reference));
    for (const mode of modes)
      say(`quick call, mounted: ${mode}`, against('mcps_daemon', rows[mode]));
  });
}

// A text of 64 KiB, beside a floor that only copies the body together.
async function text64({ sweeps, seconds, loops }, say) {
  const floor = await Server.floor(loops);
  const ours = await Server.mcps(loops, workFile('text64.db'));
  const text = 64 * 1024;

  await withServers([floor, ours], async () => {
    const ids = beginSessions(ours, 16, 'text64');
    const { ours: row, reference } = await pairs(
      sweeps,
      () => load(floor, { 'same-id': true, seconds, text }),
      { ours: () => load(ours, { ids, seconds, text, tool: 'measure' }) },
    );

    say('floor, body of 64 KiB', rates(reference));
    say('64 KiB text argument', against('the floor', row), '≤ 2 × its time',
      row.rateRatio[0] >= 0.5);
  });
}

// The same load over few and many connections; 128 ready at once must not stop it.
async function connections({ sweeps, seconds, loops }, say) {
  const floor = await Server.floor(loops);
  const ours = await Server.mcps(loops, workFile('connections.db'));

  await withServers([floor, ours], async () => {
    const ids = beginSessions(ours, 1000, 'connections');
    const slice = (n) => () => load(ours, { ids, seconds, connections: n, warm: 0.1 });
    const rows = await pairs(sweeps, slice(16), {
      64: slice(64), 256: slice(256), 512: slice(512), 1000: slice(1000),
    });

    say('16 connections', rates(rows.reference));
    for (const n of [64, 256, 512, 1000])
      say(`${n} connections`, against('16', rows[n]), 'CPU flat (≤ 1.25)',
        rows[n].cpuRatio[0] <= 1.25);
  });
}

// ---- memory and stored sessions ----

// Resident memory per session in memory; the first ones fill caches and are not counted.
async function memory({ stored, loops }, say) {
  const ours = await Server.mcps(loops, workFile('memory.db'), { hot: 2 * stored });
  const first = Math.round(stored / 50);
  const more = Math.round(stored / 10);

  await withServers([ours], async () => {
    beginSessions(ours, first, 'memory', 64);
    const before = ours.rss;
    beginSessions(ours, more, 'memory', 64);
    const each = ((ours.rss - before) * 1024) / more;

    say('memory per hot session', `${each.toFixed(0)} B, over ${thousands(more)}`, '≤ 512 B',
      each <= 512);
  });
}

// Streams that have nothing to say: memory and CPU of each, how fast all hear of something,
// leave, and are closed by a server that stops.
async function idle({ listening, silence, loops }, say) {
  const ways = [
    ['heartbeats every 15 s', { heartbeat: 15 }, { seconds: silence, stop: true }, 14, 2],
    ['no heartbeats', { heartbeat: 1e6 }, { seconds: silence / 3 }, 14, 0.1],
    ['pool of 8 KiB, no heartbeats', { heartbeat: 1e6, pool: 8192 }, { seconds: 0.1 }, 10],
  ];

  for (const [name, bounds, how, kib, percent] of ways) {
    const ours = await Server.mcps(loops, workFile(`idle-${kib}-${percent}.db`), bounds);

    await withServers([ours], async () => {
      const ids = beginSessions(ours, listening, 'idle', 64);
      const row = streams(ours, { ids, count: listening, ...how });
      const what = `${thousands(listening)} idle streams, ${name}`;
      const kibEach = row.bytes / 1000;

      say(`${what}: memory`, `${kibEach.toFixed(1)} KB each`, `≤ ${kib} KB`, kibEach <= kib);
      if (percent !== undefined)
        say(`${what}: CPU`, `${row.cpu_percent.toFixed(2)} % of a core; ${row.heartbeats} heartbeats`,
          `≤ ${percent} %`, row.cpu_percent <= percent);
      say(`${what}: all hear of news`, `${row.told_ms.toFixed(0)} ms`, '≤ 500 ms',
        row.told_ms <= 500);
      if (how.stop)
        say(`${what}: stop`, `${row.stopped_ms.toFixed(0)} ms`, '≤ 5 s', row.stopped_ms <= 5000);
      else
        say(`${what}: all leave`, `${row.left_ms.toFixed(0)} ms; ` +
          `${(row.kept_bytes / 1000).toFixed(1)} KB each are kept`);
    });
  }
}

// Everything that depends on how many sessions are stored.
async function stored({ stored: many, loops, sweeps, seconds, starts }, say) {
  const file = workFile('stored.db');
  const few = await Server.mcps(loops, workFile('few.db'));
  let full = await Server.mcps(loops, file);
  const ids = beginSessions(full, many, 'stored', 64);
  const mebibytes = full.rss / 1024;
  const size = fs.statSync(file).size / 1048576;
  const name = `${thousands(many)} stored`;

  await withServers([few], async () => {
    say(`whole process, ${name}`, `${mebibytes.toFixed(0)} MiB; database ${size.toFixed(0)} MiB`,
      '≤ 64 MiB', mebibytes <= 64);
    await withServers([full], () => hotAmongMany(few, full, ids, { sweeps, seconds }, say));
    full = await Server.mcps(loops, file);
    await withServers([full], () => firstTouch(full, ids, many, say));
    await startTimes(file, ids, { loops, starts }, name, say);
  });
}

async function hotAmongMany(few, full, ids, { sweeps, seconds }, say) {
  const fewIds = beginSessions(few, 1000, 'few');
  const someIds = workFile('some.ids');

  const lines = fs.readFileSync(ids, 'utf8').split('\n').slice(0, 1000);

  fs.writeFileSync(someIds, lines.map((line) => `${line}\n`).join(''));
  load(full, { ids: someIds, count: 1000 }); // makes them hot
  const rows = await pairs(sweeps, () => load(few, { ids: fewIds, seconds }), {
    full: () => load(full, { ids: someIds, seconds }),
  });
  say('hot calls, many stored', against('1 000 stored', rows.full), '≥ 0.95',
    rows.full.rateRatio[0] >= 0.95);
}

// One client, one session after the other, none of them in memory.
function firstTouch(full, ids, many, say) {
  const count = Math.min(2000, Math.round(many / 10));
  const row = load(full, { ids, count, connections: 1, skip: Math.round(many / 2) });

  say('first touch of a cold session', `p50 ${micro(row.p50_us)} p99 ${micro(row.p99_us)} µs`,
    '≤ 1 ms', row.p50_us <= 1000);
}

async function startTimes(file, ids, { loops, starts }, name, say) {
  const ends = [
    ['after a clean stop', 15, 0],
    ['after kill -9', 9, 2000],
  ];
  for (const [what, signal, sessions] of ends) {
    const port = String(await freePort());
    const command = Server.mcpsCommand(port, loops, file);
    const args = [port, ids, starts, signal, sessions, ...command].map(String);
    const row = report(program('start'), args);

    say(`start to first answer, ${name}, ${what}`,
      `${row.median_ms.toFixed(1)} ms (${row.q1_ms.toFixed(1)}–${row.q3_ms.toFixed(1)}), ` +
        `CPU ${row.cpu_ms.toFixed(1)} ms`,
      '≤ 20 ms', row.median_ms <= 20);
  }
}

export const scenarios = {
  calls: [calls, 'quick and worker calls, floor, TypeScript SDK'],
  events: [events, 'calls with 3 progress events, stored before they are sent; TypeScript SDK'],
  initialize: [initialize, 'new sessions, acknowledged after fsync, 64 clients'],
  mounted: [mounted, 'quick calls on a mounted server: select, poll, epoll, pool, loop, thread per connection'],
  text64: [text64, 'a text argument of 64 KiB'],
  connections: [connections, 'cost per request at 16 to 1 000 connections'],
  memory: [memory, 'memory per hot session'],
  idle: [idle, '8 000 idle streams: memory, CPU, news for all, stop'],
  stored: [stored, 'a million stored sessions: memory, hot calls, first touch, start'],
};
