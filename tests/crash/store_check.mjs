// What must be true of the files of a store, read by somebody else than the server.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Violation } from './entry.mjs';

const sqlite = await import('node:sqlite').catch(() => null); // Node.js 22.5 or newer

function askNode(file, sql) {
  const db = new sqlite.DatabaseSync(file, { readOnly: true });

  try {
    return db.prepare(sql).all().map((row) => Object.values(row)[0]);
  } finally {
    db.close();
  }
}

function askProgram(file, sql) {
  const output = execFileSync('sqlite3', ['-readonly', file, sql], { encoding: 'utf8' });
  return output.trimEnd().split('\n');
}

// Read only, so that the write-ahead log stays for the server to recover from. A reader makes an
// index of the log; the server never does.
function ask(file, sql) {
  try {
    return (sqlite ? askNode : askProgram)(file, sql).join('; ');
  } finally {
    fs.rmSync(`${file}-shm`, { force: true });
  }
}

const truths = [
  { sql: 'PRAGMA integrity_check', is: 'ok' },
  {
    sql: `SELECT count(*) FROM principal WHERE live_sessions <>
          (SELECT count(*) FROM session WHERE principal = principal.ref AND phase = 1)`,
    is: '0',
  },
  {
    sql: `SELECT count(*) FROM tombstones WHERE kept <>
          (SELECT count(*) FROM session WHERE principal = tombstones.principal AND phase = 2)`,
    is: '0',
  },
  {
    sql: `SELECT count(*) FROM state WHERE scope = 1
          AND owner NOT IN (SELECT ref FROM session WHERE ref IS NOT NULL)`,
    is: '0',
  },
];

// A store whose first start was killed may have no tables yet, but is no ruin. One that it was just
// being made into has a journal, which is the server's to roll back: a reader cannot.
export function checkStore(file) {
  if (!fs.existsSync(file) || fs.existsSync(`${file}-journal`)) return;
  const isMade = ask(file, 'PRAGMA user_version') !== '0';

  for (const { sql, is } of isMade ? truths : truths.slice(0, 1)) {
    const answer = ask(file, sql);
    if (answer !== is) throw new Violation(`${file}: ${sql}\nis "${answer}", not "${is}"`);
  }
}

const suffixes = ['', '-wal', '.key', '.lock', '.ballast', '.seal'];

// While it is served: nothing is left of an interrupted start.
export function checkFiles({ store, directory, tokens }) {
  const known = [...suffixes.map((suffix) => store + suffix), tokens];
  const names = known.map((file) => path.basename(file));
  const strange = fs.readdirSync(directory).filter((name) => !names.includes(name));

  if (strange.length > 0) throw new Violation(`left over in ${directory}: ${strange.join(', ')}`);
}
