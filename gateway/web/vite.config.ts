import { createHash } from 'node:crypto'

import { createRequest, stringifyDocument } from '@urql/core'
import { defineConfig, type Plugin } from 'vite'

import * as generated from './console/src/gql/graphql'

/**
 * Write a manifest of the console's documents, as they are sent: by it a gateway that runs trusted
 * documents only knows them.
 */
function manifest(): Plugin {
  return {
    name: 'console-manifest',
    generateBundle() {
      const documents = Object.entries(generated).flatMap(([name, document]) => {
        if (!name.endsWith('Document')) return []
        const text = stringifyDocument(
          createRequest(document as typeof generated.ListDocument, {} as never).query,
        )
        return [[`sha256:${createHash('sha256').update(text).digest('hex')}`, text]]
      })
      const source = JSON.stringify(Object.fromEntries(documents), null, 2)
      this.emitFile({ type: 'asset', fileName: 'documents.json', source })
    },
  }
}

export default defineConfig({
  plugins: [manifest()],
  build: {
    rolldownOptions: {
      input: ['console/index.html', 'playground/index.html'],
      // Dependencies mark modules "use client" for servers that render React; here there is none.
      checks: { moduleLevelDirective: false },
    },
    // Every asset a file of its own, so that the Content-Security-Policy need not allow `data:` fonts.
    assetsInlineLimit: 0,
    // Monaco, the playground's editor, is one large chunk, loaded after the page.
    chunkSizeWarningLimit: 5000,
    // What each page loads; the tests add up its size.
    manifest: 'manifest.json',
  },
})
