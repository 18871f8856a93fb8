// @graphql-codegen makes TypeScript of schema and documents, and TypeScript takes it.

import fs from 'node:fs';
import path from 'node:path';
import { here, out, writeDocuments } from '../files.mjs';
import { mustRun } from '../tools.mjs';

export default function check() {
  writeDocuments();
  mustRun('graphql-codegen', '--config', path.join(here, 'codegen.mjs'));
  const made = ['schema.ts', 'operations.ts'].map((name) => path.join(out, 'codegen', name));
  mustRun('tsc', '--noEmit', '--strict', '--skipLibCheck', ...made);
  const lines = made.map((file) => fs.readFileSync(file, 'utf8').split('\n').length);
  return `@graphql-codegen: ${lines.reduce((a, b) => a + b)} lines of TypeScript compile`;
}
