// relay-runtime with documents of relay-compiler, which keeps their texts in a file by their hashes. They are sent as text
// and as hashes.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Environment, Network, RecordSource, Store, commitMutation, fetchQuery } from 'relay-runtime';
import { bookTwice, equal, headers, noting, organization, sha256, uri, ways } from './operations.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, 'out');
/** The compiler is among the tools that the schema is checked with. */
const compiler = path.resolve(here, '../schema/node_modules/.bin/relay-compiler');

const FILES = { FREE_SLOTS: 'BookingFreeSlotsQuery', BOOK: 'BookingBookMutation', CANCEL: 'BookingCancelMutation' };
const MISSING = 'BookingMissingQuery';

/** Compiles relay/ anew; answers the documents by name and their texts by hash. */
async function compile() {
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(path.join(out, 'relay'), { recursive: true });
  // The compiler adds to these files and makes neither.
  fs.writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }\n');
  fs.writeFileSync(path.join(out, 'persisted.json'), '{}\n');
  const { status, error, stdout, stderr } = spawnSync(compiler, ['relay.config.json'], { cwd: here, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`relay-compiler ends with ${status}:\n${stdout}${stderr}`);
  const load = async (name) => [name, (await import(`./out/relay/${name}.graphql.js`)).default];
  const documents = Object.fromEntries(await Promise.all([...Object.values(FILES), MISSING].map(load)));
  const texts = JSON.parse(fs.readFileSync(path.join(out, 'persisted.json'), 'utf8'));
  for (const [hash, text] of Object.entries(texts)) equal('the hash of the compiler', hash, sha256(text));
  return { documents, texts };
}

function environmentOf(network) {
  return new Environment({ network: Network.create(network), store: new Store(new RecordSource()) });
}

async function post(fetchFn, body) {
  const response = await fetchFn(uri, {
    method: 'POST',
    headers: { ...headers, accept: 'application/graphql-response+json', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

const asText = (fetchFn, texts) => (request, variables) => post(fetchFn, { query: texts[request.id], variables });

/** By hash, and with the text beside it where the server does not know the hash. */
const persisted = (fetchFn, texts) => async (request, variables) => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: request.id } };
  const answer = await post(fetchFn, { variables, extensions });
  if (answer.errors?.[0].extensions.code !== 'PERSISTED_QUERY_NOT_FOUND') return answer;
  return post(fetchFn, { query: texts[request.id], variables, extensions });
};

/** Sends one of the operations as a component would. */
const sender = (environment, documents) => (name, variables) => {
  const document = documents[FILES[name]];
  if (document.params.operationKind === 'query') return fetchQuery(environment, document, variables).toPromise();
  return new Promise((resolve, reject) => {
    commitMutation(environment, {
      mutation: document,
      variables,
      onCompleted: (data, errors) => (errors ? reject(new Error(JSON.stringify(errors))) : resolve(data)),
      onError: reject,
    });
  });
};

async function book({ documents, texts }) {
  const environment = environmentOf(asText(fetch, texts));
  const told = await bookTwice(sender(environment, documents));
  const { organization: missing } = await fetchQuery(environment, documents[MISSING], {}).toPromise();
  equal('an organization that is missing', missing.ok, false);
  equal('the code', missing.errors[0].extensions?.code, 'NOT_FOUND');
  return `${told}, NOT_FOUND caught`;
}

async function persist({ documents, texts }) {
  const { exchanges, fetchFn } = noting();
  const send = sender(environmentOf(persisted(fetchFn, texts)), documents);
  await bookTwice(send);
  const before = exchanges.length;
  const { providers } = await send('FREE_SLOTS', { organization });
  equal('the providers', providers.nodes.length, 5);
  equal('the requests once all are known', ways(exchanges.slice(before)), ['POST hash']);
  return `persisted by hash, ${before} requests to register and send 4 operations`;
}

export default async function check() {
  const compiled = await compile();
  return [await book(compiled), await persist(compiled)];
}
