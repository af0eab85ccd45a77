// The programs: how each is started and stopped, and what its own pages are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { PATIENCE_MS, within } from '../clients/deadline.mjs';

const built = (name) => path.resolve(process.env.MCPS_HOSTS, name);

// ---- systemd-journal-gatewayd ----

// One more entry in the journal that it serves.
function writeEntry(host, message) {
  const remote = built('gatewayd.build/systemd-journal-remote');
  const input = [
    `__REALTIME_TIMESTAMP=${Date.now() * 1000}`,
    `__MONOTONIC_TIMESTAMP=${Math.round(performance.now() * 1000)}`,
    '_BOOT_ID=0123456789abcdef0123456789abcdef',
    `MESSAGE=${message}\n\n`,
  ].join('\n');

  execFileSync(remote, ['-o', host.file('journal/a.journal'), '-'], { input, stdio: 'pipe' });
}

// A reader of the journal that waits for more: it blocks the thread that serves it.
class Follower {
  #reader;
  #said = '';

  static async open(host) {
    const self = new Follower();
    const answer = await fetch(`${host.origin}/entries?follow`, {
      headers: { accept: 'application/json' },
    });

    assert.equal(answer.status, 200);
    self.#reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    await self.sees('first');
    return self;
  }

  sees(message) {
    const read = async () => {
      while (!this.#said.includes(message)) {
        const { done, value } = await this.#reader.read();
        assert.ok(!done, `the journal ended before ${message}`);
        this.#said += value;
      }
    };
    return within(PATIENCE_MS, `the entry ${message}`, read());
  }

  close() {
    return this.#reader.cancel().catch(() => {});
  }
}

const gatewayd = {
  name: 'systemd-journal-gatewayd (C, thread per connection)',
  command: (host) => [
    built('gatewayd.build/systemd-journal-gatewayd'),
    `--directory=${host.file('journal')}`,
  ],
  prepare: (host) => {
    fs.mkdirSync(host.file('journal'));
    writeEntry(host, 'first');
  },
  page: async (host) => {
    const headers = { accept: 'application/json' };
    const answer = await fetch(`${host.origin}/entries`, { headers });

    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /"MESSAGE" ?: ?"first"/);
  },
  follow: (host) => Follower.open(host),
  publish: writeEntry,
};

// ---- debuginfod ----

const debuginfod = {
  name: 'debuginfod (C++, pool with epoll)',
  command: (host) => [
    built('debuginfod/debuginfod.bin'),
    ...['-p', `${host.port}`, '-d', host.file('debuginfod.db'), '-F', host.file('programs')],
  ],
  prepare: (host) => {
    fs.mkdirSync(host.file('programs'));
    fs.copyFileSync(built('debuginfod/debuginfod.bin'), host.file('programs/a'));
  },
  page: async (host) => {
    const answer = await fetch(`${host.origin}/metrics`);

    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^ready 1$/m);
  },
};

// ---- libjson-rpc-cpp ----

const jsonrpc = {
  name: "libjson-rpc-cpp's HttpServer (C++, pool with select)",
  command: () => [built('jsonrpc/simpleserver.bin')],
  stop: (child) => child.stdin.end(),
  page: async (host) => {
    const params = { name: 'Ada' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'sayHello', params });
    const answer = await fetch(host.origin, { method: 'POST', body });

    assert.equal((await answer.json()).result, 'Hello: Ada');
  },
};

export const programs = { gatewayd, debuginfod, jsonrpc };
