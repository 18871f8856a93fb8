// A supergraph can be composed of schema.federation.graphql and of another subgraph that adds to one of its entities.

import { parse } from 'graphql';
import { composeServices, compositionHasErrors } from '@theguild/federation-composition';
import { read } from '../files.mjs';
import { none } from '../tools.mjs';

const other = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { reviews: [Review!]! }
  type Review { stars: Int! of: Provider! }
  type Provider @key(fields: "id") { id: ID! reviews: [Review!]! }
`;

const compose = (services) => {
  const result = composeServices(services);
  if (compositionHasErrors(result)) none(result.errors.map(({ message }) => message));
  return result.supergraphSdl;
};

export default function check() {
  const openslot = { name: 'openslot', url: 'http://openslot.invalid', typeDefs: parse(read('schema.federation.graphql')) };
  compose([openslot]);
  const supergraph = compose([openslot, { name: 'reviews', url: 'http://reviews.invalid', typeDefs: parse(other) }]);
  for (const type of ['Booking', 'Location', 'Provider', 'Service', 'Slot']) {
    if (!new RegExp(`^type ${type} [^{]*@join__type\\(graph: OPENSLOT, key: "id"\\)`, 'm').test(supergraph)) {
      throw new Error(`${type} has no key in the supergraph`);
    }
  }
  return 'a supergraph composes, alone and with a subgraph that adds to Provider';
}
