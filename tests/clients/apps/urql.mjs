// @urql/core by POST and by GET, and automatic persisted queries by @urql/exchange-persisted.

import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import * as operations from './operations.mjs';
import { bookTwice, equal, headers, newDocument, noting, organization, uri, ways } from './operations.mjs';

const clientOf = (preferGetMethod, fetchFn, ...exchanges) =>
  new Client({
    url: uri,
    fetch: fetchFn,
    fetchOptions: { headers },
    preferGetMethod,
    requestPolicy: 'network-only',
    exchanges: [...exchanges, fetchExchange],
  });

async function book(preferGetMethod) {
  const { exchanges, fetchFn } = noting();
  const client = clientOf(preferGetMethod, fetchFn);
  const send = async (name, variables) => {
    const isQuery = operations[name].startsWith('query');
    const { data, error } = await client[isQuery ? 'query' : 'mutation'](operations[name], variables).toPromise();
    if (error) throw error;
    return data;
  };
  const told = await bookTwice(send);
  const { error } = await client.query(operations.MISSING, {}).toPromise();
  equal('the code', error?.graphQLErrors[0]?.extensions.code, 'NOT_FOUND');
  const method = preferGetMethod ? 'GET' : 'POST';
  equal('the methods', exchanges.map((one) => one.method), [method, 'POST', 'POST', 'POST', method]);
  return `queries by ${method}: ${told}, NOT_FOUND`;
}

/** A document is registered by one client and asked for by its hash by another. */
async function persist(preferGet) {
  const document = newDocument();
  const seen = [];
  for (const who of ['first', 'second']) {
    const { exchanges, fetchFn } = noting();
    const client = clientOf(false, fetchFn, persistedExchange({ preferGetForPersistedQueries: preferGet }));
    const { data, error } = await client.query(document, { organization }).toPromise();
    if (error) throw error;
    equal(`the answer to the ${who} client`, data.organization.displayName.length > 0, true);
    seen.push(...ways(exchanges));
  }
  const method = preferGet ? 'GET' : 'POST';
  equal('the requests of persisted queries', seen, [`${method} hash`, `${method} text`, `${method} hash`]);
}

export default async function check() {
  const told = [await book(false), await book('within-url-limit')];
  await persist(false);
  await persist('within-url-limit');
  return [...told, 'persisted by GET and POST'];
}
