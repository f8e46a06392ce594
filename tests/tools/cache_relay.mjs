// Relay's store: watches an operation that is Completed, reads its history and the changes, and prints what
// is shown before and after, and what the history and the changes held. Run beside the compiled documents.
import relay from 'relay-runtime';

const [url, id] = process.argv.slice(2);
const { Environment, Network, RecordSource, Store, createOperationDescriptor, fetchQuery } = relay;

async function request({ text }, variables) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: text, variables }),
  });
  return response.json();
}

const environment = new Environment({
  network: Network.create(request),
  store: new Store(new RecordSource()),
  // An identity is a value: its id is the person's, and its name may be another in a past state.
  getDataID: (value, type) => (type === 'Identity' ? undefined : value.id),
});

const compiled = (name) => import(`${process.cwd()}/compiled/${name}.graphql.js`).then((module) => module.default);
const [Present, History, Changes] = await Promise.all(['PresentQuery', 'HistoryQuery', 'ChangesQuery'].map(compiled));

async function read(document) {
  const variables = { id };
  await fetchQuery(environment, document, variables).toPromise();
  return environment.lookup(createOperationDescriptor(document, variables).fragment).data;
}

const shown = [];
await read(Present);
const watched = environment.lookup(createOperationDescriptor(Present, { id }).fragment);
shown.push(watched.data.inviteParticipantsOperation);
environment.subscribe(watched, ({ data }) => shown.push(data.inviteParticipantsOperation));
await read(History);
await read(Changes);
const history = environment.lookup(createOperationDescriptor(History, { id }).fragment).data;
const changes = environment.lookup(createOperationDescriptor(Changes, { id }).fragment).data;
shown.push(environment.lookup(createOperationDescriptor(Present, { id }).fragment).data.inviteParticipantsOperation);
console.log(
  JSON.stringify({
    shown,
    history: history.inviteParticipantsOperation.history.nodes,
    changes: changes.changes.nodes,
  }),
);
process.exit(0);
