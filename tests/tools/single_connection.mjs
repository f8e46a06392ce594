// graphql-sse's client with one connection, opened when it is first needed ("lazy") or at once: follows two
// lists at the same time, asks a query, and ends both. Prints what came, and which requests it took, as JSON.
import { createClient } from 'graphql-sse';

const [mode, url, given] = process.argv.slice(2);
const { follow, create, context } = JSON.parse(given);
const requests = [];

async function noting(address, options) {
  const response = await fetch(address, options);
  requests.push(`${options.method} ${response.status}`);
  return response;
}

const client = createClient({
  url,
  fetchFn: noting,
  singleConnection: true,
  lazy: mode === 'lazy',
  lazyCloseTimeout: 10_000,
  retryAttempts: 0,
});

async function make(name) {
  const made = client.iterate({ query: create, variables: { input: { clientContext: `${context} ${name}` } } });
  for await (const { errors } of made) if (errors) throw new Error(JSON.stringify(errors));
}

// Calls back with each change, and resolves once so many have come.
function followed(name, count) {
  let came = 0;
  return new Promise((resolve, reject) => {
    const end = client.subscribe(
      { query: follow, variables: { context: `${context} ${name}` } },
      {
        next({ errors }) {
          if (errors) return reject(new Error(JSON.stringify(errors)));
          came += 1;
          if (came < count) return;
          end();
          resolve(came);
        },
        error: reject,
        complete() {},
      },
    );
  });
}

async function started(count) {
  while (requests.filter((request) => request === 'POST 202').length < count)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

async function ended(count) {
  while (requests.filter((request) => request === 'DELETE 200').length < count)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

const following = [followed('first', 2), followed('second', 1)];
await started(2);
let typename;
for await (const { data } of client.iterate({ query: '{ __typename }' })) typename = data.__typename;
await make('first');
await make('second');
await make('first');
const contexts = await Promise.all(following);
await ended(2);
client.dispose();
console.log(
  JSON.stringify({
    typename,
    contexts,
    streams: requests.filter((request) => request === 'GET 200').length,
    ended: requests.filter((request) => request === 'DELETE 200').length,
  }),
);
process.exit();
