// What a running server tells of its schema is what schema.graphql says. Directives that are applied, such as @cost, are
// not part of what introspection tells; descriptions of the arguments of directives are, and are missing in the file.

import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql';
import { read } from '../files.mjs';

const ask = async (address) => {
  const query = getIntrospectionQuery({ specifiedByUrl: true, oneOf: true, inputValueDeprecation: true });
  const response = await fetch(new URL('/graphql', address), {
    method: 'POST',
    headers: { accept: 'application/graphql-response+json', 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(10_000),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${address} answers ${response.status}: ${JSON.stringify(errors)}`);
  for (const argument of data.__schema.directives.flatMap(({ args }) => args)) argument.description = null;
  return buildClientSchema(data);
};

const lines = (schema) => printSchema(lexicographicSortSchema(schema)).split('\n');

export default async function check() {
  const { OPENSLOT_A } = process.env;
  if (!OPENSLOT_A) return 'introspection is not compared: OPENSLOT_A names no server';
  const [served, held] = [lines(await ask(OPENSLOT_A)), lines(buildSchema(read('schema.graphql')))];
  const at = held.findIndex((line, index) => line !== served[index]);
  if (at >= 0 || served.length !== held.length) {
    const [one, other] = [held, served].map((all) => all.slice(Math.max(at, 0), at + 3).join('\n'));
    throw new Error(`schema.graphql says\n${one}\nand the server\n${other}`);
  }
  return `the ${held.length} lines that introspection tells are those of schema.graphql`;
}
