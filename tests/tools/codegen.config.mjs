// TypeScript from the introspection of a running gateway: the whole schema, and the documents.
const { ENDPOINT, OUTPUT } = process.env;
const config = { scalars: { DateTime: 'string', JSON: 'unknown' }, enumsAsTypes: true };

export default {
  // Introspection tells of oneOf inputs only when asked.
  schema: { [ENDPOINT]: { oneOf: true } },
  documents: 'documents/*.graphql',
  generates: {
    [`${OUTPUT}/schema.ts`]: { plugins: ['typescript'], config },
    [`${OUTPUT}/operations.ts`]: { plugins: ['typescript-operations'], config },
  },
};
