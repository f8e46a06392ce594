// Clients that send several operations in one request. Each asks for operations by their ids and for one that
// cannot be; prints the data or the errors of each, and how many HTTP requests there were, as JSON.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { BatchHttpLink } from '@apollo/client/link/batch-http';
import { GraphQLClient } from 'graphql-request';

const [name, url, given] = process.argv.slice(2);
const operations = JSON.parse(given);
let requests = 0;

function counting(...request) {
  requests += 1;
  return fetch(...request);
}

const clients = {
  async apollo() {
    const link = new BatchHttpLink({ uri: url, fetch: counting, batchMax: operations.length, batchInterval: 1000 });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const options = { fetchPolicy: 'no-cache', errorPolicy: 'all' };
    return Promise.all(
      operations.map(async ({ query, variables }) => {
        const document = gql(query);
        const { data, error } =
          document.definitions[0].operation === 'mutation'
            ? await client.mutate({ mutation: document, variables, ...options })
            : await client.query({ query: document, variables, ...options });
        return { data: data ?? null, errors: error?.errors.map(({ extensions }) => extensions.code) };
      }),
    );
  },
  async 'graphql-request'() {
    const client = new GraphQLClient(url, { fetch: counting, errorPolicy: 'all' });
    const results = await client.batchRequests(
      operations.map(({ query, variables }) => ({ document: query, variables })),
    );
    return results.map(({ data, errors }) => ({
      data: data ?? null,
      errors: errors?.map(({ extensions }) => extensions.code),
    }));
  },
};

const results = await clients[name]();
console.log(JSON.stringify({ results, requests }));
