// Apollo's client with a persisted query link: sends a query twice, by GET or POST, and prints what came
// and which requests it took as JSON.
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';

const [uri, given] = process.argv.slice(2);
const { query, variables, get } = JSON.parse(given);
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const requests = [];

async function noting(url, options) {
  const method = options.method;
  const sent = method === 'GET' ? Object.fromEntries(new URL(url).searchParams) : JSON.parse(options.body);
  requests.push({ method, hasQuery: 'query' in sent, hasHash: JSON.stringify(sent).includes('sha256Hash') });
  return fetch(url, options);
}

const client = new ApolloClient({
  link: ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: get }),
    new HttpLink({ uri, fetch: noting }),
  ]),
  cache: new InMemoryCache(),
});

const results = [];
for (let time = 0; time < 2; time += 1) {
  const { data, error } = await client.query({
    query: gql(query),
    variables,
    fetchPolicy: 'no-cache',
    errorPolicy: 'all',
  });
  results.push({ data, errors: error?.errors });
}
console.log(JSON.stringify({ results, requests }));
