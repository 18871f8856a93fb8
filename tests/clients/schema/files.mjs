// Where things lie, and the documents that all checks share.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kind, parse } from 'graphql';

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../../..');
/** What tools write; made anew each time. */
export const out = path.join(here, 'out');

export const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
export const schemaFile = path.join(root, 'schema.graphql');

const filesOf = (folder) =>
  fs
    .readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => ({ name: `${folder}/${name}`, text: read(`${folder}/${name}`) }));

/** Every document that somebody is given: of real clients, of the README, of the tabs of GraphiQL. */
export function documents() {
  const blocks = read('README.md').split('```graphql\n').slice(1);
  const shown = blocks.map((rest, index) => ({ name: `README.md, operation ${index + 1}`, text: rest.split('```')[0] }));
  return [...filesOf('tests/clients/documents'), ...shown, ...filesOf('src/http/assets/examples')];
}

/** The names of the operations of a document. */
export const operations = (text) =>
  parse(text)
    .definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map(({ name }) => name?.value);

/** Writes the documents where tools find them. Tools want each name once: of several the first is taken. */
export function writeDocuments() {
  const folder = path.join(out, 'documents');
  fs.mkdirSync(folder, { recursive: true });
  const taken = new Set();
  for (const [index, { text }] of documents().entries()) {
    const names = operations(text);
    if (names.some((name) => taken.has(name))) continue;
    names.forEach((name) => taken.add(name));
    fs.writeFileSync(path.join(folder, `${index}.graphql`), text);
  }
  return { folder, count: taken.size };
}
