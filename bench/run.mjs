// The benchmark: names of scenarios as arguments, none: all. script/bench prepares what it needs.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { scenarios } from './scenarios.mjs';

const long = {
  sweeps: 12, seconds: 0.6, warm: 6, stored: 1_000_000, starts: 20, listening: 8_000, silence: 60,
};
const short = {
  sweeps: 1, seconds: 0.2, warm: 0.2, stored: 1_000, starts: 2, listening: 200, silence: 0.3,
};

function output(file, ...args) {
  try {
    const options = { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync(file, args, options).toString().trim();
  } catch {
    return '';
  }
}

const version = (library) => output('pkg-config', '--modversion', library);

function printCircumstances(settings) {
  const commit = output('git', 'rev-parse', '--short=12', 'HEAD') || 'no commit';
  const dirty = output('git', 'status', '--porcelain', '--untracked-files=no') ? ', changed' : '';
  const gib = (os.totalmem() / 2 ** 30).toFixed(0);

  console.log(`date      ${new Date().toISOString().slice(0, 16)}Z`);
  console.log(`commit    ${commit}${dirty}`);
  const [{ model }] = os.cpus();

  console.log(`machine   ${os.cpus().length} × ${model}, ${gib} GiB, Linux ${os.release()}`);
  console.log(`versions  libmicrohttpd ${version('libmicrohttpd')}, SQLite ${version('sqlite3')}, ` +
    `Node.js ${process.versions.node}`);
  console.log(`limits    open files ${output('sh', '-c', 'ulimit -n')} (raised), ` +
    `sessions of anonymous callers 4294967295 (raised)`);
  console.log(`settings  ${settings.sweeps} sweeps of ${settings.seconds} s slices, ` +
    `${settings.loops} network loop(s) each, 16 connections unless said otherwise`);
  printLoad();
}

// What else runs here decides what absolute figures are worth.
function printLoad() {
  console.log(`load      ${os.loadavg().map((n) => n.toFixed(1)).join(' ')}`);
}

function verdict(met) {
  if (met === undefined) return '';
  return met ? 'met' : '**missed**';
}

function printTable(rows) {
  console.log('\n| what | measured | goal | |\n|---|---|---|---|');
  for (const { what, measured, goal, met } of rows)
    console.log(`| ${what} | ${measured} | ${goal ?? ''} | ${verdict(met)} |`);
}

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('--'));

if (args.includes('--list')) {
  for (const [name, [, what]] of Object.entries(scenarios)) console.log(`${name.padEnd(12)} ${what}`);
  process.exit(0);
}
for (const name of names)
  if (!scenarios[name]) {
    console.error(`script/bench: no scenario ${name}; --list tells which there are`);
    process.exit(64);
  }

const { SWEEPS, SLICE, STORED, LOOPS, SILENCE } = process.env;
const settings = args.includes('--short') ? short : long;
const rows = [];

settings.loops = Number(LOOPS ?? 1);
if (SWEEPS) settings.sweeps = Number(SWEEPS);
if (SLICE) settings.seconds = Number(SLICE);
if (STORED) settings.stored = Number(STORED);
if (SILENCE) settings.silence = Number(SILENCE);

printCircumstances(settings);
for (const [name, [run]] of Object.entries(scenarios)) {
  if (names.length !== 0 && !names.includes(name)) continue;
  await run(settings, (what, measured, goal, met) => {
    rows.push({ what, measured, goal, met });
    console.error(`${what}: ${measured}`);
  });
}
printLoad();
printTable(rows);
