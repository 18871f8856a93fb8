// Compiles relay/ anew by relay-compiler, which keeps the texts of the documents by their hashes in out/persisted.json: a
// manifest that a gateway can be started with.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, 'out');
/** The compiler is among the tools that the schema is checked with. */
const compiler = path.resolve(here, '../schema/node_modules/.bin/relay-compiler');

fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(path.join(out, 'relay'), { recursive: true });
fs.writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }\n');
// The compiler adds to this file and does not make it.
fs.writeFileSync(path.join(out, 'persisted.json'), '{}\n');
const { status, error, stdout, stderr } = spawnSync(compiler, ['relay.config.json'], { cwd: here, encoding: 'utf8' });
if (error) throw error;
if (status !== 0) throw new Error(`relay-compiler ends with ${status}:\n${stdout}${stderr}`);
