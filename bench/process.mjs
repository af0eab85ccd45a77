// Servers and load as processes of their own.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const here = import.meta.dirname;
const programs = process.env.MCPS_BENCH_PROGRAMS;

const running = new Set();
const parent = process.env.MCPS_BENCH_DIRECTORY ?? os.tmpdir();
const directory = fs.mkdtempSync(path.join(parent, 'mcps-bench-'));

process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  fs.rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export function workFile(name) {
  return path.join(directory, name);
}

export function program(name) {
  return path.join(programs, name);
}

export function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer();

    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// A program that says "ready".
export class Server {
  static async start(command) {
    const self = new Server();

    self.port = await freePort();
    const [file, ...args] = command(String(self.port));
    self.child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: here });
    running.add(self.child);
    self.gone = new Promise((resolve) => self.child.once('close', resolve));
    self.gone.then(() => running.delete(self.child));
    await Promise.race([
      new Promise((resolve) => self.child.stdout.once('data', resolve)),
      self.gone.then(() => {
        throw new Error(`${file} did not start`);
      }),
    ]);
    return self;
  }

  static floor = (loops) => Server.start((port) => [program('floor'), port, String(loops)]);
  static typescript = (...manner) =>
    Server.start((port) => [process.execPath, 'typescript.mjs', port, ...manner]);
  static mcps = (loops, file, bounds) =>
    Server.start((port) => Server.mcpsCommand(port, loops, file, bounds));

  // 0: the default.
  static mcpsCommand(port, loops, file, { hot = 0, heartbeat = 0, pool = 0, mode } = {}) {
    const numbers = [hot, heartbeat, pool].map(String);

    return [program('server'), port, String(loops), `sqlite:${file}`, ...numbers,
      ...(mode ? [mode] : [])];
  }

  // Kibibytes in memory.
  get rss() {
    const status = fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s*(\d+)/.exec(status)[1]);
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.gone;
  }
}

// One run of the load generator; throws when any answer was wrong.
export function load(server, options) {
  return report(program('load'), words(server, options));
}

// Many streams that have nothing to say.
export function streams(server, options) {
  return report(program('streams'), words(server, options));
}

function words(server, options) {
  const all = Object.entries({ port: server.port, pid: server.child.pid, ...options });

  return all.flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
}

// What a program prints as JSON.
export function report(file, args) {
  const run = spawnSync(file, args, { encoding: 'utf8' });

  if (run.status !== 0)
    throw new Error(`${path.basename(file)} ${args.join(' ')}\n${run.stdout}${run.stderr}`);
  return JSON.parse(run.stdout);
}

// Begin COUNT sessions; the file of their ids.
export function beginSessions(server, count, name, connections = 16) {
  const out = workFile(`${name}.ids`);

  load(server, { initialize: true, count, connections: Math.min(count, connections), out });
  return out;
}
