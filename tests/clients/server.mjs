// The demo server as a process: started on a store of its own, killed, stopped, and started again
// at the same URL.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { PATIENCE_MS, deferred, poll, within } from './deadline.mjs';

const BANNER = / is ready at (http:\S+)/;
const SANITIZER = /Sanitizer:|runtime error:/;

// Below the ports that the kernel gives to clients: while the server is down, none of its callers
// may get its port, nor connect to itself there.
const FIRST_PORT = 12_000;
const LAST_PORT = 30_000;

const running = new Set();

process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

// The program to test: where the environment says.
export function demoProgram() {
  if (!process.env.MCPS_DEMO) {
    console.error('MCPS_DEMO must name the demo server, mcps-demo');
    process.exit(64);
  }
  return path.resolve(process.env.MCPS_DEMO);
}

// One of the examples, which are built beside it, and the server of these tests.
export function exampleProgram(name) {
  return path.resolve(path.dirname(demoProgram()), '..', 'examples', name);
}

function effectsProgram() {
  return path.resolve(path.dirname(demoProgram()), '..', 'tests', 'clients', 'effects');
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

export async function freePort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (await isFree(port)) return port;
  }
}

function tokenFile(tokens) {
  const line = ([token, subject]) =>
    `${createHash('sha256').update(token).digest('hex')} ${subject}\n`;
  return Object.entries(tokens).map(line).join('');
}

export class Server {
  #child = null;
  #gone = null; // of the child: {code, signal}
  #ready = deferred();
  #death = deferred();

  stopped = 0; // how often it was told to
  isUp = false;
  #listeners = new Set(); // to what it says on stderr
  stderr = '';

  // TOKENS maps bearer tokens to subjects; without it callers are anonymous.
  // OPTIONS are further arguments, RETRY is how long clients are told to wait before they resume:
  // not long, as tests do not want to wait; null: by default. EXAMPLE names one of the examples, to
  // run in place of PROGRAM; HAS_EFFECTS runs effects.c, whose effects() tell what was carried out.
  static async make(program, { tokens, options = [], retry = '50ms', example, hasEffects } = {}) {
    const self = new Server();
    self.options = retry === null ? options : ['--retry', retry, ...options];
    self.program = example ? exampleProgram(example) : hasEffects ? effectsProgram() : program;
    self.isExample = example !== undefined;
    self.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'mcps-'));
    self.store = path.join(self.directory, 'store.db');
    self.port = await freePort();
    self.url = `http://127.0.0.1:${self.port}/mcp`;
    self.setTokens(tokens);
    return self;
  }

  setTokens(tokens) {
    this.tokens = tokens ? path.join(this.directory, 'tokens') : null;
    if (tokens) fs.writeFileSync(this.tokens, tokenFile(tokens), { mode: 0o600 });
  }

  get pid() {
    return this.#child?.pid;
  }

  // Rejected when the server ends without having been told to.
  get death() {
    return this.#death.promise;
  }

  // Resolved while it serves; who waits while it is down goes on when it is up again.
  get ready() {
    return this.#ready.promise;
  }

  // Gives a function that tells whether the server was down or told to stop since then: the only
  // excuse for a call that was cut off.
  watch() {
    const { isUp, stopped } = this;
    return () => !isUp || this.stopped !== stopped;
  }

  // Run it; resolves when it is ready, with the milliseconds that took.
  async start() {
    const began = performance.now();
    const child = this.#spawn();
    const up = this.#ready.promise;
    const dead = this.#gone.then((end) => {
      throw new Error(`the server ended before it was ready (${describe(end)})\n${this.tail()}`);
    });

    await within(PATIENCE_MS, 'the banner of the server', Promise.race([up, dead]));
    this.startMs = child.readyAt - began;
    return this.startMs;
  }

  // Examples know no options.
  get #arguments() {
    if (this.isExample) return [String(this.port), `sqlite:${this.store}`];
    const place = ['--listen', `127.0.0.1:${this.port}`, '--store', `sqlite:${this.store}`];
    const options = [...place, ...this.options];
    return this.tokens ? [...options, '--tokens', this.tokens] : options;
  }

  // How often each name was acted upon.
  effects() {
    const file = path.join(this.directory, 'effects');
    const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];

    return lines.reduce((counts, name) => ({ ...counts, [name]: (counts[name] ?? 0) + 1 }), {});
  }

  // Resolves when a call of that name has been acted upon.
  begins(name) {
    return poll(`the beginning of ${name}`, () => name in this.effects());
  }

  // Ends the calls of that name that wait for it.
  letGo(name) {
    fs.writeFileSync(path.join(this.directory, `effects.${name}`), '');
  }

  #spawn() {
    const env = { ...process.env, EFFECTS_FILE: path.join(this.directory, 'effects') };
    const stdio = ['ignore', 'ignore', 'pipe'];
    const child = spawn(this.program, this.#arguments, { env, stdio });
    const gone = deferred();

    this.#child = child;
    this.#gone = gone.promise;
    running.add(child);
    child.once('error', (error) => gone.resolve({ error }));
    child.once('close', (code, signal) => gone.resolve({ code, signal }));
    gone.promise.then((end) => this.#ended(child, end));
    this.#readErrors(child);
    return child;
  }

  #readErrors(child) {
    let said = '';

    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      this.stderr = (this.stderr + text).slice(-100_000);
      this.#listeners.forEach((listen) => listen());
      if (child.readyAt !== undefined) return;
      said += text;
      if (!BANNER.test(said) || child !== this.#child || child.isTold) return;
      child.readyAt = performance.now();
      this.isUp = true;
      this.#ready.resolve();
    });
  }

  #ended(child, end) {
    running.delete(child);
    if (child === this.#child) {
      this.#child = null;
      this.isUp = false;
    }
    if (!child.isTold && child.readyAt !== undefined)
      this.#death.reject(new Error(`the server died (${describe(end)})\n${this.tail()}`));
  }

  // Send SIGNAL; resolves with how it ended, {code, signal}. When it is not running: with null.
  async end(signal) {
    const child = this.#child;
    const gone = this.#gone;

    if (child === null) return null;
    if (!child.isTold) {
      child.isTold = true;
      this.stopped++;
      this.isUp = false;
      this.#ready = deferred();
    }
    child.kill(signal);
    const end = await within(PATIENCE_MS, `the end of the server after ${signal}`, gone);
    if (SANITIZER.test(this.stderr)) throw new Error(`a sanitizer complained\n${this.tail()}`);
    return end;
  }

  kill() {
    return this.end('SIGKILL');
  }

  // Ask it to stop; that must work.
  async stop() {
    const end = await this.end('SIGTERM');

    if (end !== null && end.code !== 0)
      throw new Error(`the server did not stop cleanly (${describe(end)})\n${this.tail()}`);
  }

  // HOW is 'kill' or 'stop'. Resolves with the milliseconds that the start took.
  async restart(how) {
    await this[how]();
    return this.start();
  }

  // Make it read its files again; resolves when it says that it did.
  async reload() {
    this.stderr = '';
    this.#child.kill('SIGHUP');
    await within(PATIENCE_MS, 'the reading of tokens', this.says(/tokens and keys were read again/));
  }

  // Resolves when it has said something on stderr, since it was made, that fits PATTERN.
  says(pattern) {
    return new Promise((resolve) => {
      const listen = () => {
        if (!pattern.test(this.stderr)) return;
        this.#listeners.delete(listen);
        resolve();
      };
      this.#listeners.add(listen);
      listen();
    });
  }

  // While it is down: as after a lost disk. The key may lie elsewhere.
  loseStore({ key = false } = {}) {
    for (const suffix of ['', '-wal', '-shm', ...(key ? ['.key'] : [])])
      fs.rmSync(this.store + suffix, { force: true });
  }

  tail() {
    const lines = this.stderr.trimEnd().split('\n').slice(-15);
    return lines.map((line) => `    ${line}`).join('\n');
  }

  async close() {
    await this.kill();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

function describe(end) {
  return end.error?.message ?? end.signal ?? `exit code ${end.code}`;
}
