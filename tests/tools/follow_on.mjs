// graphql-sse's client: follows changes without an end, and goes on by itself when it was cut off: in "single"
// connection mode from the beginning, or else from where it was. Prints the context of each as it comes.
import { createClient } from 'graphql-sse';

const [url, query, after, mode] = process.argv.slice(2);
let last;
const client = createClient({
  url,
  singleConnection: mode === 'single',
  retryAttempts: 1000,
  retry: () => new Promise((resolve) => setTimeout(resolve, 100)),
  headers: () => (last ? { 'Last-Event-ID': last } : {}),
});

for await (const { data } of client.iterate({ query, variables: { after } })) {
  last = data.changes.cursor;
  console.log(data.changes.state.clientContext);
}
console.log('completed');
