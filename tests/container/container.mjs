// The demo server as a container that is replaced: every start is a new container, of the image
// that is told. Clients see it as they see a server of tests/clients.
import { PATIENCE_MS, deferred, within } from '../clients/deadline.mjs';

const STOP_S = 60; // longer than the drain, also on a busy machine
const BANNER = / is ready at http:/;

export class Container {
  #ready = deferred();
  #log = null;

  stopped = 0; // how often it was told to
  isUp = false;
  output = ''; // of the last container

  // MOUNTS and ENVIRONMENT as the engine wants them.
  constructor(engine, name, port, { mounts, environment }) {
    Object.assign(this, { engine, name, mounts, environment });
    this.url = `http://127.0.0.1:${port}/mcp`;
  }

  // Resolved while it serves.
  get ready() {
    return this.#ready.promise;
  }

  // Gives a function that tells whether the container was down or told to stop since then.
  watch() {
    const { isUp, stopped } = this;
    return () => !isUp || this.stopped !== stopped;
  }

  // Resolves when it says that it is ready.
  async start(image) {
    const { mounts, environment } = this;

    await this.engine.start(this.name, image, { mounts, environment });
    await within(PATIENCE_MS, 'the banner of the container', this.#banner());
    this.isUp = true;
    this.#ready.resolve();
  }

  #banner() {
    const log = this.engine.follow(['logs', '-f', this.name]);
    const seen = deferred();
    const read = (text) => {
      this.output += text;
      if (BANNER.test(this.output)) seen.resolve();
    };

    this.#log = log;
    this.output = '';
    for (const stream of [log.stdout, log.stderr]) stream.setEncoding('utf8').on('data', read);
    log.once('close', () => seen.reject(new Error(`the container ended:\n${this.output}`)));
    return seen.promise;
  }

  // Stop and remove it; resolves with its exit code.
  async stop() {
    this.stopped++;
    this.isUp = false;
    this.#ready = deferred();
    await this.engine.ask(['stop', '-t', `${STOP_S}`, this.name]);
    const code = await this.inspect('{{.State.ExitCode}}');
    await this.remove();
    return Number(code);
  }

  inspect(format) {
    return this.engine.ask(['container', 'inspect', '--format', format, this.name]);
  }

  async remove() {
    await this.engine.can(['rm', '-f', this.name]);
    this.#log?.kill();
  }

  // Run the health check of the image, inside; resolves with whether it is content.
  async isHealthy() {
    const check = JSON.parse(await this.inspect('{{json .Config.Healthcheck.Test}}'));

    if (check[0] !== 'CMD') throw new Error(`no health check that I know: ${check}`);
    return this.engine.can(['exec', this.name, ...check.slice(1)]);
  }
}
