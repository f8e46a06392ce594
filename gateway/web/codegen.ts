import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../schema/schema.graphql',
  documents: 'console/src/**/*.graphql',
  generates: {
    'console/src/gql/': {
      preset: 'client',
      // Each fragment is read by one component alone, so there is nothing to mask.
      presetConfig: { fragmentMasking: false },
      config: {
        scalars: { DateTime: 'string', ID: 'string', JSON: 'unknown' },
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
  silent: true,
}

export default config
