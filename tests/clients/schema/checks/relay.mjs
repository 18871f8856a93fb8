// relay-compiler takes the schema and components that use it as Relay does: fragments, connections, refetching, `node`.

import fs from 'node:fs';
import path from 'node:path';
import { out } from '../files.mjs';
import { mustRun } from '../tools.mjs';

export default function check() {
  const made = path.join(out, 'relay');
  fs.mkdirSync(made, { recursive: true });
  mustRun('relay-compiler', 'relay.config.json');
  const count = fs.readdirSync(made).filter((name) => name.endsWith('.graphql.js')).length;
  if (count < 8) throw new Error(`relay-compiler wrote ${count} files only`);
  return `relay-compiler: ${count} artifacts`;
}
