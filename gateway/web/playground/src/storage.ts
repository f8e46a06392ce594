// GraphiQL's own key prefix is shared by every GraphiQL that ever ran on this origin, and
// localhost:8000 has seen many: a prefix of our own keeps their tabs out.
const PREFIX = 'invite-gateway:'

const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))

export const storage = {
  getItem: (key: string) => localStorage.getItem(PREFIX + key),
  setItem: (key: string, value: string) => localStorage.setItem(PREFIX + key, value),
  removeItem: (key: string) => localStorage.removeItem(PREFIX + key),
  clear: () => {
    for (const key of keys()) localStorage.removeItem(key)
  },
  get length() {
    return keys().length
  },
}

/** GraphiQL opens a first default tab without its variables, but what was last edited whole. */
export function rememberAsLastEdited({ query, variables }: { query: string; variables: string }): void {
  if (storage.getItem('graphiql:query') !== null) return
  storage.setItem('graphiql:query', query)
  storage.setItem('graphiql:variables', variables)
}
