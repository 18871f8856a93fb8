// @graphql-eslint finds nothing in schema.graphql, and finds a deprecation without a day.

import fs from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import { here, read, root, schemaFile } from '../files.mjs';
import { none } from '../tools.mjs';

const DEPRECATION = 'openslot/deprecation';
const deprecations = [
  ['@deprecated', 1],
  ['@deprecated(reason: "Use `other`.")', 1],
  ['@deprecated(reason: "Removed after 2027-06-30.")', 1],
  ['@deprecated(reason: "Use `other`. Removed after 2027-02-30.")', 1],
  ['@deprecated(reason: "Use `other`. Removed after 2027-06-30.")', 0],
];

/** Exceptions for types that do not exist hide nothing, until somebody makes such a type. */
function staleExceptions() {
  const types = JSON.parse(fs.readFileSync(path.join(here, 'value-types.json'), 'utf8'));
  const sdl = read('schema.graphql');
  return types.filter((name) => !sdl.includes(`\ntype ${name} `)).map((name) => `value-types.json: there is no ${name}`);
}

export default async function check() {
  const eslint = new ESLint({ cwd: root, overrideConfigFile: path.join(here, 'eslint.config.mjs') });
  const [{ messages }] = await eslint.lintFiles(['schema.graphql']);
  none(messages.map(({ line, message, ruleId }) => `schema.graphql:${line}: ${message} (${ruleId})`));
  none(staleExceptions());
  for (const [directive, wanted] of deprecations) {
    const [found] = await eslint.lintText(`type Query { a: Int ${directive} }`, { filePath: schemaFile });
    const count = found.messages.filter(({ ruleId }) => ruleId === DEPRECATION).length;
    if (count !== wanted) throw new Error(`${directive} has ${count} complaints, not ${wanted}`);
  }
  const rules = Object.keys((await eslint.calculateConfigForFile(schemaFile)).rules).length;
  return `@graphql-eslint: ${rules} rules find nothing`;
}
