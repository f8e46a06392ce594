// Vite reads these calls at build time, so their options have to be literals.
const documents = import.meta.glob('../examples/*.graphql', { eager: true, import: 'default', query: '?raw' })
const variables = import.meta.glob('../examples/*.json', { eager: true, import: 'default', query: '?raw' })

/** The tabs a first visit opens with, in the order of the files' numbers. */
export const examples = Object.keys(documents)
  .sort()
  .map((path) => ({
    query: documents[path].trimEnd(),
    variables: variables[path.replace(/\.graphql$/, '.json')].trimEnd(),
  }))
