// The official conformance suite against tests/conformance/everything.
//
//   MCPS_EVERYTHING=path/to/everything node tests/conformance/run.mjs [SPEC-VERSION]
//
// A scenario passes without a failed check and without a warning. Those in passing.txt have to
// pass; one that passes and is not there has to be added. The last line is "N passed, N failed".
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const READY_MS = 60_000;
const SUITE_MS = 480_000;
const here = path.dirname(fileURLToPath(import.meta.url));
const suite = path.join(here, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const revision = process.argv[2] ?? '2025-11-25';
const program = process.env.MCPS_EVERYTHING;

if (!program) {
  console.error('MCPS_EVERYTHING must name the conformance server');
  process.exit(64);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mcps-conformance-'));

// Resolves with its process and URL once it says where it is.
function startServer() {
  const server = spawn(
    path.resolve(program),
    ['--listen', '127.0.0.1:0', '--store', `sqlite:${path.join(folder, 'store.db')}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';

  process.on('exit', () => server.kill('SIGKILL'));
  server.stderr.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no banner:\n${said}`)), READY_MS);

    server.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said}`)));
    server.stderr.on('data', (text) => {
      said = (said + text).slice(-100_000);
      const banner = / is ready at (http:\S+)/.exec(said);

      if (!banner) return;
      clearTimeout(late);
      resolve({ server, url: banner[1], said: () => said });
    });
  });
}

// Run every scenario of the revision; resolves when the suite has ended, whatever it says.
function runSuite(url) {
  const results = path.join(folder, 'results');
  const args = [suite, 'server', '--url', url, '--suite', 'all', '--spec-version', revision];
  const child = spawn(process.execPath, [...args, '-o', results], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: SUITE_MS,
  });
  let said = '';

  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding('utf8');
    pipe.on('data', (text) => (said = (said + text).slice(-100_000)));
  }
  return new Promise((resolve) => child.once('close', () => resolve({ results, said })));
}

// {scenario: checks} of what the suite has written: a folder for each, named with its time.
function readResults(results) {
  const folders = fs.existsSync(results) ? fs.readdirSync(results) : [];
  const named = (name) => /^server-(.*)-\d{4}-\d\d-\d\dT/.exec(name)?.[1];
  const checks = (name) => {
    const file = path.join(results, name, 'checks.json');

    return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : null;
  };

  return new Map(folders.filter(named).map((name) => [named(name), checks(name)]));
}

const isBad = ({ status }) => status === 'FAILURE' || status === 'WARNING';

function passes(checks) {
  return Boolean(checks?.some(({ status }) => status === 'SUCCESS')) && !checks.some(isBad);
}

function readList() {
  const lines = fs.readFileSync(path.join(here, 'passing.txt'), 'utf8').split('\n');

  return new Set(lines.map((line) => line.replace(/#.*/, '').trim()).filter(Boolean));
}

function explain(checks) {
  if (!checks) console.log('       it ended without checks');
  for (const check of (checks ?? []).filter(isBad)) {
    const why = (check.errorMessage ?? check.description ?? '').replace(/\s+/g, ' ');

    console.log(`       ${check.status} ${check.id}: ${why.slice(0, 300)}`);
  }
}

// Prints the expected and the actual result of a scenario; true when they agree.
function report(name, checks, isListed) {
  const does = passes(checks);
  const words = { truetrue: 'ok  ', truefalse: 'FAIL', falsetrue: 'NEW ', falsefalse: '-   ' };

  console.log(`${words[`${isListed}${does}`]} ${name}`);
  if (isListed && !does) explain(checks);
  if (!isListed && does) console.log('       it passes: add it to passing.txt');
  return isListed === does;
}

const { server, url, said } = await startServer();
const outcome = await runSuite(url);
const alive = server.exitCode === null;
const found = readResults(outcome.results);
const listed = readList();
let passed = 0;
let failed = 0;

server.removeAllListeners('exit');
server.kill('SIGTERM');
for (const name of [...new Set([...found.keys(), ...listed])].sort()) {
  const isListed = listed.has(name);

  if (!report(name, found.get(name), isListed)) failed++;
  else if (isListed) passed++;
}
if (!alive || found.size === 0) {
  console.log(outcome.said, said());
  failed++;
}
if (!process.env.MCPS_KEEP) fs.rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
