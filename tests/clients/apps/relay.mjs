// relay-runtime with documents of relay-compiler, which keeps their texts in a file by their hashes. They are sent as text
// and as hashes.

import fs from 'node:fs';
import { Environment, Network, RecordSource, Store, commitMutation, fetchQuery } from 'relay-runtime';
import { bookTwice, equal, headers, noting, organization, sha256, uri, ways } from './operations.mjs';

const { OPENSLOT_TRUSTED } = process.env;
const out = new URL('./out/', import.meta.url);

const FILES = { FREE_SLOTS: 'BookingFreeSlotsQuery', BOOK: 'BookingBookMutation', CANCEL: 'BookingCancelMutation' };
const MISSING = 'BookingMissingQuery';

/** The documents by name and their texts by hash. */
async function compiled() {
  const load = async (name) => [name, (await import(new URL(`relay/${name}.graphql.js`, out))).default];
  const documents = Object.fromEntries(await Promise.all([...Object.values(FILES), MISSING].map(load)));
  const texts = JSON.parse(fs.readFileSync(new URL('persisted.json', out), 'utf8'));
  for (const [hash, text] of Object.entries(texts)) equal('the hash of the compiler', hash, sha256(text));
  return { documents, texts };
}

function environmentOf(network) {
  return new Environment({ network: Network.create(network), store: new Store(new RecordSource()) });
}

async function post(fetchFn, body, address = uri) {
  const response = await fetchFn(address, {
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

/** By the id that the manifest of the gateway at OPENSLOT_TRUSTED has for it. */
const trusted = (prefix) => (request, variables) =>
  post(fetch, { documentId: prefix + request.id, variables }, new URL('/graphql', OPENSLOT_TRUSTED).href);

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

/** The documents are in the manifest, hence never sent. */
async function trust({ documents }) {
  if (!OPENSLOT_TRUSTED) return 'no manifest to ask by';
  for (const prefix of ['', 'sha256:']) await bookTwice(sender(environmentOf(trusted(prefix)), documents));
  const { errors } = await trusted('')({ id: 'no-such-document' }, {});
  equal('the code of an unknown document', errors[0].extensions.code, 'PERSISTED_QUERY_NOT_FOUND');
  return 'trusted documents by id';
}

export default async function check() {
  const all = await compiled();
  return [await persist(all), await book(all), await trust(all)];
}
