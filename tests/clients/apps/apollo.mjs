// @apollo/client: HttpLink, BatchHttpLink, and automatic persisted queries by createPersistedQueryLink.

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { BatchHttpLink } from '@apollo/client/link/batch-http';
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries';
import * as operations from './operations.mjs';
import { bookTwice, equal, headers, newDocument, noting, organization, sha256, uri, ways } from './operations.mjs';

const clientOf = (link) =>
  new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: 'no-cache' } } });

async function book(client) {
  const send = async (name, variables) => {
    const document = gql(operations[name]);
    const isQuery = operations[name].startsWith('query');
    const { data } = await (isQuery
      ? client.query({ query: document, variables })
      : client.mutate({ mutation: document, variables }));
    return data;
  };
  return bookTwice(send);
}

async function refuse(client) {
  const failure = await client.query({ query: gql(operations.MISSING) }).catch((error) => error);
  if (!CombinedGraphQLErrors.is(failure)) throw new Error(`no GraphQL error: ${failure}`);
  equal('the code', failure.errors[0].extensions.code, 'NOT_FOUND');
  return 'NOT_FOUND';
}

async function batch() {
  const { exchanges, fetchFn } = noting();
  const client = clientOf(new BatchHttpLink({ uri, headers, batchMax: 10, batchInterval: 5, fetch: fetchFn }));
  const document = gql(`query Named($slug: String) { organization(slug: $slug) { slug } }`);
  const slugs = [organization, 'no-such-organization', 'no-other-organization'];
  const results = await Promise.all(
    slugs.map((slug) => client.query({ query: document, variables: { slug }, errorPolicy: 'all' })),
  );
  equal('the requests of a batch', exchanges.map(({ sent }) => sent.length), [3]);
  equal(
    'the answers of a batch',
    results.map(({ data, error }) => data?.organization?.slug ?? error.errors[0].extensions.code),
    [organization, 'NOT_FOUND', 'NOT_FOUND'],
  );
  return '3 operations in one request';
}

/** A document is registered by one client and asked for by its hash by another, by GET and by POST. */
async function persist() {
  for (const useGETForHashedQueries of [true, false]) {
    const query = gql(newDocument());
    const seen = [];
    for (const who of ['first', 'second']) {
      const { exchanges, fetchFn } = noting();
      const link = createPersistedQueryLink({ sha256, useGETForHashedQueries });
      const client = clientOf(ApolloLink.from([link, new HttpLink({ uri, headers, fetch: fetchFn })]));
      const { data } = await client.query({ query, variables: { organization } });
      equal(`the answer to the ${who} client`, data.organization.displayName.length > 0, true);
      seen.push(...ways(exchanges));
    }
    const method = useGETForHashedQueries ? 'GET' : 'POST';
    equal('the requests of persisted queries', seen, [`${method} hash`, 'POST text', `${method} hash`]);
  }
  return 'persisted by GET and POST';
}

export default async function check() {
  const client = clientOf(new HttpLink({ uri, headers }));
  return [await book(client), await refuse(client), await batch(), await persist()];
}
