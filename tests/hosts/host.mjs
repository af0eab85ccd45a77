// A program with mcps mounted in it, as a process: started on a store and a port of its own, killed,
// stopped, and started again at the same URL.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PATIENCE_MS, deferred, poll, within } from '../clients/deadline.mjs';
import { freePort } from '../clients/server.mjs';

const running = new Set();

process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Host {
  #child = null;
  #gone = null;
  #isTold = false;
  #death = deferred();
  said = '';

  static async make(program) {
    const self = new Host();

    self.program = program;
    self.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'mcps-host-'));
    self.port = await freePort();
    self.origin = `http://127.0.0.1:${self.port}`;
    self.url = `${self.origin}/mcp`;
    program.prepare?.(self);
    await self.start();
    return self;
  }

  // Rejected when the program ends without having been told to.
  get death() {
    return this.#death.promise;
  }

  get pid() {
    return this.#child.pid;
  }

  file(name) {
    return path.join(this.directory, name);
  }

  // Resolves when it answers for mcps.
  async start() {
    const [command, ...args] = this.program.command(this);
    const env = {
      ...process.env,
      MOUNTED_PORT: this.port,
      MOUNTED_STORE: `sqlite:${this.file('store.db')}`,
    };
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });

    this.#child = child;
    this.#isTold = false;
    running.add(child);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (this.said = (this.said + text).slice(-50_000)));
    this.#gone = new Promise((resolve) => {
      child.once('error', (error) => resolve({ error }));
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.#gone.then((end) => {
      running.delete(child);
      if (child === this.#child && !this.#isTold)
        this.#death.reject(new Error(`it died: ${JSON.stringify(end)}`));
    });
    await Promise.race([this.death, poll('the program', () => this.#isServed())]);
  }

  // This GET lacks a session id: 400 comes only from a server that could serve it.
  async #isServed() {
    const headers = { accept: 'text/event-stream' };

    return (await fetch(this.url, { headers }).catch(() => ({}))).status === 400;
  }

  // Tell it to go; resolves with {code, signal} when it has.
  async #end(tell) {
    this.#isTold = true;
    tell(this.#child);
    return within(PATIENCE_MS, 'the end of the program', this.#gone);
  }

  kill() {
    return this.#end((child) => child.kill('SIGKILL'));
  }

  stop() {
    return this.#end(this.program.stop ?? ((child) => child.kill('SIGTERM')));
  }

  // A pipe for the tool "hold". Give its path; open() resolves when a call waits for it.
  pipe(name) {
    const file = this.file(name);

    execFileSync('mkfifo', [file]);
    return { path: file, open: () => fs.promises.open(file, 'w') };
  }

  async close() {
    await this.kill();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
