// The client libraries of applications against a gateway: queries with nested slots, a booking and its refusal, errors
// with their codes, batches and persisted queries.
//
// OPENSLOT_A         address of the gateway, like http://127.0.0.1:8088, with demo data
// TOKEN              bearer token of a patient
// OPENSLOT_TRUSTED   address of a gateway that was started with out/persisted.json as its manifest; left out: none is asked
//
// compile.mjs must have been run before.
//
// Prints one line for each client; exits 1 when one fails.

import apollo from './apollo.mjs';
import relay from './relay.mjs';
import urql from './urql.mjs';

const clients = { '@apollo/client': apollo, '@urql/core': urql, 'relay-runtime': relay };
let failed = 0;
for (const [name, check] of Object.entries(clients)) {
  try {
    console.log(`${name}: ${(await check()).join('; ')}`);
  } catch (error) {
    failed += 1;
    console.error(`${name}: failed: ${error.stack}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
