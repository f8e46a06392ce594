// The GraphQL-over-HTTP audits of graphql-http, one after the other against the URL given.
// Prints each audit that is not ok, then a count; exit status 1 if there is one, or no audit at all.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
let passed = 0;
const audits = serverAudits({ url, fetchFn: fetch });

for (const audit of audits) {
  const { status, reason, response } = await audit.fn();
  if (response && !response.bodyUsed) await response.body?.cancel();
  if (status === 'ok') passed += 1;
  else console.log(`${status} ${audit.id} ${audit.name}: ${reason}`);
}

console.log(`${passed} of ${audits.length} audits ok`);
process.exitCode = audits.length > 0 && passed === audits.length ? 0 : 1;
