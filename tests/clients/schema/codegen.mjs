// Types of the schema and of the operations, as a TypeScript client has them made.

export default {
  schema: '../../../schema.graphql',
  documents: 'out/documents/*.graphql',
  // Every scalar of the schema is text.
  config: { defaultScalarType: 'string' },
  generates: {
    'out/codegen/schema.ts': { plugins: ['typescript'] },
    'out/codegen/operations.ts': { plugins: ['typescript-operations'] },
  },
};
