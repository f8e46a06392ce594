import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../schema/schema.graphql',
  documents: 'console/src/**/*.{ts,tsx}',
  generates: {
    'console/src/gql/': {
      preset: 'client',
      // The console's few documents are read by the components that send them: nothing to mask.
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
