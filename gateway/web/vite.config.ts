import { defineConfig } from 'vite'

export default defineConfig({
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
