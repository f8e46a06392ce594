// Clients that follow over WebSocket: each follows changes that are made meanwhile, is cut off, goes on from
// where it was, is told a place when nothing happens, and is refused once. Prints what came as JSON.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createUrqlClient, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [name, url, given] = process.argv.slice(2);
const { follow, after, create } = JSON.parse(given);

let socket;
class CutWebSocket extends WebSocket {
  constructor(...all) {
    super(...all);
    socket = this;
  }
}

const pings = [];
const on = { ping: (received, payload) => received && pings.push(payload) };
const client = createClient({ url, webSocketImpl: CutWebSocket, retryAttempts: 0, on });

// Each makes a function that begins a subscription, and calls back with each result or error.
const clients = {
  'graphql-ws': () => (query, variables, next) =>
    client.subscribe({ query, variables }, { next, error: (errors) => next({ errors }), complete() {} }),
  urql: () => {
    const forwardSubscription = ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: client.subscribe({ query, variables }, sink) }),
    });
    const urql = createUrqlClient({ url, exchanges: [subscriptionExchange({ forwardSubscription })] });
    return (query, variables, next) =>
      urql.subscription(query, variables).subscribe(({ data, error }) => {
        if (data || error) next({ data, errors: error && (error.networkError ?? error.graphQLErrors) });
      });
  },
  apollo: () => {
    const apollo = new ApolloClient({ link: new GraphQLWsLink(client), cache: new InMemoryCache() });
    return (query, variables, next) =>
      apollo.subscribe({ query: gql(query), variables, fetchPolicy: 'no-cache' }).subscribe({
        next: ({ data, error }) => next({ data, errors: error && (error.errors ?? error) }),
        error: (error) => next({ errors: error.errors ?? error }),
      });
  },
};

async function make(context) {
  const body = JSON.stringify({ query: create, variables: { input: { clientContext: context } } });
  const http = url.replace('ws', 'http');
  await fetch(http, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}

const subscribe = clients[name]();
const contexts = [];

// Gives the place that was come to when so many came, and what it was cut off with if it was.
function followed(place, until, isCut) {
  return new Promise((resolve) => {
    subscribe(follow, { after: place }, ({ data, errors }) => {
      if (errors) return resolve({ place, errors });
      contexts.push(data.changes.state.clientContext);
      place = data.changes.cursor;
      if (contexts.length < until) make(String(contexts.length));
      else if (isCut) socket.terminate();
      else resolve({ place });
    });
  });
}

await make('0');
const cut = await followed(after, 3, true);
await make('3');
const { place } = await followed(cut.place, 6, false);
let ping;
while (!(ping = pings.find(({ cursor }) => cursor === place))) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const refused = await new Promise((resolve) => {
  subscribe('subscription { changes(after: "none") { kind } }', {}, ({ errors }) => errors && resolve(errors));
});

console.log(JSON.stringify({ contexts, wasCut: Boolean(cut.errors), place, ping, refused }));
process.exit();
