// GraphQL over HTTP: the audits of npm graphql-http, as nobody and as somebody.
//
// OPENSLOT_A   address of the gateway, like http://127.0.0.1:8088
// TOKEN        bearer token of anybody
//
// Prints one line for each of them; exits 1 when an audit is not passed, also one that the specification only recommends.

import { serverAudits } from 'graphql-http';

const { OPENSLOT_A, TOKEN } = process.env;
const url = new URL('/graphql', OPENSLOT_A).href;

/** A fetch that sends the token beside what the audit sends. */
const signedIn = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${TOKEN}` } });

let failed = 0;
for (const [who, fetchFn] of [
  ['without a token', fetch],
  ['with a token', signedIn],
]) {
  const audits = serverAudits({ url, fetchFn });
  const results = [];
  for (const audit of audits) results.push(await audit.fn());
  for (const result of results.filter(({ status }) => status !== 'ok')) {
    failed += 1;
    console.error(`${result.id} ${result.name}: ${result.status}: ${result.reason}`);
    if (result.response) console.error(`  ${result.response.status} ${await result.response.clone().text()}`.slice(0, 400));
  }
  const passed = results.filter(({ status }) => status === 'ok').length;
  console.log(`GraphQL over HTTP, ${who}: ${passed} of ${audits.length} audits are passed`);
}
process.exit(failed === 0 ? 0 : 1);
