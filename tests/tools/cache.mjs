// Normalised caches: watches an operation that is Completed, reads its history and the changes, and prints
// what is shown before and after, and what the history and the changes held.
const [name, url, id] = process.argv.slice(2);

const STATE = 'status participants { identity { user { id displayName } } }';
const PRESENT = `query Present($id: ID!) {
  inviteParticipantsOperation(id: $id) { __typename id ${STATE} } }`;
const CHANGE = `__typename id state { __typename ${STATE} } operation { __typename id status }`;
const HISTORY = `query History($id: ID!) {
  inviteParticipantsOperation(id: $id) { __typename id history { nodes { ${CHANGE} } } } }`;
const CHANGES = `query Changes { changes { nodes { ${CHANGE} } } }`;

const clients = {
  async apollo() {
    const { ApolloClient, HttpLink, InMemoryCache, gql } = await import('@apollo/client');
    const typePolicies = { Identity: { keyFields: false } };
    const client = new ApolloClient({
      link: new HttpLink({ uri: url }),
      cache: new InMemoryCache({ typePolicies }),
    });
    const shown = [];
    const watched = client.watchQuery({ query: gql(PRESENT), variables: { id } });
    watched.subscribe(({ data, dataState }) => {
      if (dataState === 'complete') shown.push(data.inviteParticipantsOperation);
    });
    const read = async (query) => {
      await client.query({ query: gql(query), variables: { id } });
      return client.readQuery({ query: gql(query), variables: { id } });
    };
    return { shown, present: () => read(PRESENT), read };
  },
  async urql() {
    const { Client, fetchExchange } = await import('@urql/core');
    const { cacheExchange } = await import('@urql/exchange-graphcache');
    const client = new Client({ url, exchanges: [cacheExchange({ keys: { Identity: () => null } }), fetchExchange], preferGetMethod: false });
    const shown = [];
    const read = async (query) => {
      const { error } = await client.query(query, { id }).toPromise();
      if (error) throw error;
      const again = await client.query(query, { id }, { requestPolicy: 'cache-only' }).toPromise();
      return again.data;
    };
    client.query(PRESENT, { id }).subscribe(({ data }) => {
      if (data) shown.push(data.inviteParticipantsOperation);
    });
    return { shown, present: () => read(PRESENT), read };
  },
};

const { shown, present, read } = await clients[name]();
await present();
const history = (await read(HISTORY)).inviteParticipantsOperation.history.nodes;
const changes = (await read(CHANGES)).changes.nodes;
shown.push((await present()).inviteParticipantsOperation);
console.log(JSON.stringify({ shown, history, changes }));
process.exit(0);
