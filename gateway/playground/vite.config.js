import { defineConfig } from 'vite'

export default defineConfig({
  base: '/playground/',
  build: {
    // Every asset a file of its own, so that the Content-Security-Policy need not allow `data:` fonts.
    assetsInlineLimit: 0,
    // Monaco is one large chunk, loaded after the page.
    chunkSizeWarningLimit: 5000,
    // Dependencies mark modules "use client" for servers that render React; here there is none.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
})
