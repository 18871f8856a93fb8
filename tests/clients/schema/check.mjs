// Checks schema.graphql and schema.federation.graphql with the tools of clients.
//
// OPENSLOT_A   address of a gateway, like http://127.0.0.1:8088, whose introspection is compared; left out: is not
//
// Prints one line for each check; exits 1 when one fails.

import fs from 'node:fs';
import breaking from './checks/breaking.mjs';
import codegen from './checks/codegen.mjs';
import documents from './checks/documents.mjs';
import federation from './checks/federation.mjs';
import introspection from './checks/introspection.mjs';
import lint from './checks/lint.mjs';
import relay from './checks/relay.mjs';
import { out } from './files.mjs';

fs.rmSync(out, { recursive: true, force: true });
let failed = 0;
for (const check of [documents, lint, codegen, relay, breaking, federation, introspection]) {
  try {
    console.log(`schema: ${await check()}`);
  } catch (error) {
    failed += 1;
    console.error(`schema: ${error.message}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
