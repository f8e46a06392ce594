// What a page or a bot does with Microsoft's JavaScript client, pointed at a gateway.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  BatchRequestContent, BatchResponseContent, Client, PageIterator,
} from '@microsoft/microsoft-graph-client';

const [url, what] = process.argv.slice(2);

// The client follows links of https alone: this stands for the proxy that ends TLS in real life.
const { fetch } = globalThis;
globalThis.fetch = (to, options) => fetch(`${to}`.replace('https://', 'http://'), options);
const client = Client.init({
  baseUrl: `${url.replace('http://', 'https://')}/`,
  fetchOptions: { headers: { 'X-Forwarded-Proto': 'https' } },
  customHosts: new Set([new URL(url).hostname]),
  authProvider: (done) => done(null, 'a token'),
});
const call = `/communications/calls/${randomUUID()}`;
const operations = `${call}/operations`;
const participants = [{
  '@odata.type': '#microsoft.graph.invitationParticipantInfo',
  identity: {
    '@odata.type': '#microsoft.graph.communicationsIdentitySet',
    phone: { id: '+12345678901' },
  },
}];

if (what === 'throttled') {
  for (let number = 0; number < 3; number++) {
    assert.deepEqual((await client.api(operations).get()).value, []);
  }
} else {
  const created = await client.api(operations).post({
    '@odata.type': '#microsoft.graph.inviteParticipantsOperation', participants, tenant: 't',
  });
  const operation = client.api(`${operations}/${created.id}`);
  const read = await operation.get();
  assert.deepEqual(read, created);
  assert.equal(read.participants[0].identity.phone.id, '+12345678901');
  const etag = read['@odata.etag'];
  const patch = () => client.api(`${operations}/${created.id}`)
    .header('If-Match', etag).patch({ ...read, status: 'completed' });
  assert.equal((await patch()).status, 'Completed');
  await assert.rejects(patch(), { statusCode: 412, code: 'resourceModified' });
  await operation.delete();
  await assert.rejects(operation.get(), { statusCode: 404, code: 'itemNotFound' });

  for (let number = 0; number < 7; number++) {
    const status = number % 2 ? 'Running' : 'Failed';
    await client.api(operations).post({ clientContext: `${number}`, status, participants });
  }
  const page = await client.api(operations)
    .filter(  // the client escapes spaces, but not the plus sign
      "status eq 'failed' and participants/any(p: p/identity/phone/id eq '%2B12345678901')",
    )
    .orderby('clientContext desc').top(3).count(true).get();
  assert.equal(page['@odata.count'], 4);
  const found = [];
  await new PageIterator(client, page, (one) => found.push(one.clientContext) > 0).iterate();
  assert.deepEqual(found, ['6', '4', '2', '0']);

  const invited = await client.api(`${call}/participants/invite`)
    .post({ participants, clientContext: 'invited' });
  assert.equal(invited.clientContext, 'invited');

  const requests = [`${operations}/${invited.id}`, `${operations}/none`].map((path, index) => ({
    id: `${index}`, request: new Request(`https://graph.microsoft.com/v1.0${path}`),
  }));
  const content = await new BatchRequestContent(requests).getContent();
  const answers = new BatchResponseContent(await client.api('/$batch').post(content));
  assert.equal((await answers.getResponseById('0').json()).id, invited.id);
  assert.equal(answers.getResponseById('1').status, 404);
}
console.log('done');
