// Clients that follow over HTTP: each follows changes that are made meanwhile, is cut off, goes on from
// where it was, and is refused once. Prints what came as JSON.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { createClient as createUrqlClient, fetchExchange } from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';

const [name, url, given] = process.argv.slice(2);
const { follow, after, create } = JSON.parse(given);

// Each makes a function that begins a subscription, calls back with each result, and returns how to end it.
const clients = {
  'graphql-sse': () => {
    const client = createSseClient({ url, retryAttempts: 0 });
    return (query, variables, told) =>
      client.subscribe({ query, variables }, { next: told, error: (errors) => told({ errors }), complete() {} });
  },
  urql: () => {
    const client = createUrqlClient({ url, exchanges: [fetchExchange], fetchSubscriptions: true });
    return (query, variables, told) =>
      client.subscription(query, variables).subscribe(({ data, error }) => told({ data, errors: error?.graphQLErrors }))
        .unsubscribe;
  },
  apollo: () => {
    const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() });
    return (query, variables, told) => {
      const following = client.subscribe({ query: gql(query), variables, fetchPolicy: 'no-cache' }).subscribe({
        next: ({ data, error }) => told({ data, errors: error?.errors }),
        error: (error) => told({ errors: error.errors ?? [{ message: String(error) }] }),
      });
      return () => following.unsubscribe();
    };
  },
};

async function make(clientContext) {
  await new Promise((resolve) => setTimeout(resolve, 100)); // for heartbeats
  const body = JSON.stringify({ query: create, variables: { input: { clientContext } } });
  await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}

// urql leaves the promise of a read to itself that it aborts.
process.on('unhandledRejection', (error) => {
  if (error.name !== 'AbortError') throw error;
});

const subscribe = clients[name]();
const contexts = [];

function followed(after, until) {
  return new Promise((resolve, reject) => {
    const end = subscribe(follow, { after }, ({ data, errors }) => {
      if (errors) return reject(new Error(JSON.stringify(errors)));
      contexts.push(data.changes.state.clientContext);
      if (contexts.length < until) return make(String(contexts.length));
      end();
      resolve(data.changes.cursor);
    });
  });
}

await make('0');
const last = await followed(after, 3);
await make('3');
await followed(last, 6);

const refused = await new Promise((resolve) => {
  subscribe('subscription { changes(after: "none") { kind } }', {}, ({ errors }) => errors && resolve(errors));
});

console.log(JSON.stringify({ contexts, refused }));
process.exit();
