// Vite reads these calls at build time, so their options have to be literals.
const documents = import.meta.glob<string>('../examples/*.graphql', {
  eager: true,
  import: 'default',
  query: '?raw',
})
const variables = import.meta.glob<string>('../examples/*.json', {
  eager: true,
  import: 'default',
  query: '?raw',
})

/** The tabs a first visit opens with, in the order of the files' numbers. */
export const examples = Object.entries(documents)
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([path, query]) => ({
    query: query.trimEnd(),
    variables: variables[path.replace(/\.graphql$/, '.json')]?.trimEnd() ?? '',
  }))
