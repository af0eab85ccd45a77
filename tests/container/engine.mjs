// A container engine with the command line of docker: which one this machine has, and what the
// test asks of it.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';

const BASE = 'debian:trixie-slim';
const RUN_MS = 120_000;
const BUILD_MS = 600_000;

const run = promisify(execFile);

// The words of a command line, such as "podman --runtime runc".
function wordsOf(text) {
  return text.trim().split(/\s+/);
}

// Engines like to raise limits, which not every machine lets them: ask for what suffices, if there
// is as much.
function limits() {
  const table = fs.readFileSync('/proc/self/limits', 'utf8');
  const word = ([name, title, enough]) => {
    const hard = Number(table.match(new RegExp(`^${title} +\\S+ +(\\d+)`, 'm'))?.[1] ?? enough);
    const value = Math.min(hard, enough);
    return ['--ulimit', `${name}=${value}:${value}`];
  };

  return [['nofile', 'Max open files', 16_384], ['nproc', 'Max processes', 4_096]].flatMap(word);
}

export class Engine {
  constructor(words) {
    this.words = words;
    this.limits = limits();
  }

  get name() {
    return this.words.join(' ');
  }

  // Resolves with what it prints.
  async ask(args, timeout = RUN_MS) {
    const [program, ...first] = this.words;
    const { stdout } = await run(program, [...first, ...args], { timeout, maxBuffer: 1 << 26 });

    return stdout.trim();
  }

  // Resolves with whether it succeeds.
  can(args, timeout) {
    return this.ask(args, timeout).then(
      () => true,
      () => false,
    );
  }

  // A child whose output is read as it comes.
  follow(args) {
    const [program, ...first] = this.words;

    return spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  build(tag, source, label) {
    const format = this.words[0].endsWith('podman') ? ['--format', 'docker'] : [];
    const what = ['-f', `${source}/packaging/Dockerfile`, '-t', tag, '--label', label, source];

    return this.ask(
      ['build', '-q', '--network', 'host', ...format, ...this.limits, ...what],
      BUILD_MS,
    );
  }

  // A container that nothing is lost with: network of this machine, nothing that the image does not
  // need. Resolves when it was started.
  start(name, image, { mounts, environment, args = [] }) {
    const each = (option, values) => values.flatMap((value) => [option, value]);
    const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

    return this.ask([
      ...['run', '-d', '--name', name, '--network', 'host'],
      ...[...this.limits, ...hardened],
      ...each('--volume', mounts),
      ...each('--env', environment),
      ...[image, ...args],
    ]);
  }

  async #explain() {
    if (!(await this.can(['info'], 20_000))) return 'no engine answers';
    if (!(await this.can(['image', 'inspect', BASE])) && !(await this.can(['pull', BASE])))
      return `${BASE} is neither here nor can it be had`;
    const trial = ['run', '--rm', '--network', 'host', ...this.limits, BASE, 'true'];
    return (await this.can(trial)) ? null : 'it cannot run a container';
  }

  // Resolves with an engine that works, or with null when there is none; TELL hears why.
  static async find(tell) {
    const given = process.env.MCPS_CONTAINER_ENGINE;

    for (const line of given ? [given] : ['docker', 'podman', 'podman --runtime runc']) {
      const engine = new Engine(wordsOf(line));
      const reason = await engine.#explain();

      if (reason === null) return engine;
      tell(`${line}: ${reason}`);
    }
    return null;
  }
}
