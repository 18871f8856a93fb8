// The rules for schema.graphql: all that @graphql-eslint recommends for schemas and for Relay, some of them stricter, and
// those that do not fit with the reason why.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import plugin from '@graphql-eslint/eslint-plugin';
import deprecation from './deprecation.mjs';

const schema = fileURLToPath(new URL('../../../schema.graphql', import.meta.url));
const valueTypes = JSON.parse(fs.readFileSync(new URL('value-types.json', import.meta.url), 'utf8'));

export default [
  {
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': plugin, openslot: { rules: { deprecation } } },
    languageOptions: { parser: plugin.parser, parserOptions: { graphQLConfig: { schema } } },
    rules: {
      ...plugin.configs['flat/schema-recommended'].rules,
      ...plugin.configs['flat/schema-relay'].rules,

      // Stricter: everything is described.
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          DirectiveDefinition: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          // async-graphql prints the arguments of directives without the descriptions that introspection tells.
          ignoredSelectors: ['DirectiveDefinition > InputValueDefinition'],
        },
      ],
      // The stock rule wants the date in an argument of its own, which @deprecated of the specification does not have:
      // here it ends the reason.
      '@graphql-eslint/require-deprecation-date': 'off',
      'openslot/deprecation': 'error',
      // Relay wants lists that are no edges too (`nodes`); plain lists say how long they get.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
      // Pages go forwards only until `last` and `before` are there; one half of the arguments never comes without the other.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
      // Values have no identity of their own; what has one is a Node.
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          exceptions: {
            suffixes: ['Payload', 'UserError', 'Connection', 'Edge', 'Facet', 'Policy', 'Snapshot', 'Delta'],
            types: valueTypes,
          },
        },
      ],
    },
  },
];
