// Real clients against the demo server.
//
//   MCPS_DEMO=path/to/mcps-demo node tests/clients/run.mjs [WORD...]
//
// Runs the tests whose sentence holds one of the words; all without. The last line is
// "N passed, N failed".
import fs from 'node:fs';
import { runTests } from './harness.mjs';

const here = new URL('.', import.meta.url);
const words = process.argv.slice(2);
const files = fs.readdirSync(here).filter((name) => /^test_.*\.mjs$/.test(name));

for (const file of files.sort()) await import(new URL(file, here));

const wanted = (sentence) => words.length === 0 || words.some((word) => sentence.includes(word));
process.exit((await runTests(wanted)) ? 0 : 1);
