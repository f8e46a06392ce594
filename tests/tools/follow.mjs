// graphql-ws's client: follows changes that it makes itself, over one connection, and is refused once.
// Prints what came as JSON.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, given] = process.argv.slice(2);
const { follow, after, create } = JSON.parse(given);
const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });

async function make(clientContext) {
  const made = client.iterate({ query: create, variables: { input: { clientContext } } });
  for await (const { errors } of made) if (errors) throw new Error(JSON.stringify(errors));
}

const contexts = [];
await make('0');
for await (const { data } of client.iterate({ query: follow, variables: { after } })) {
  contexts.push(data.changes.state.clientContext);
  if (contexts.length === 3) break;
  await make(String(contexts.length));
}

let refused;
try {
  await client.iterate({ query: 'subscription { nothing }' }).next();
} catch (errors) {
  refused = errors;
}

await client.dispose();
console.log(JSON.stringify({ contexts, refused }));
