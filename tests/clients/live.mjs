// A slot booked at one gateway is pushed to a subscriber at another: npm graphql-ws as the client, over
// graphql-transport-ws.
//
// OPENSLOT_A, OPENSLOT_B   addresses of the gateways, like http://127.0.0.1:8088
// TOKEN                    bearer token of somebody who may book
// ORGANIZATION             slug, `demo` if left out
// PATIENT_ID               global id of the patient to book for; left out: the token's own
// DEADLINE_MS              for the whole check, 15000 if left out
//
// Prints one line; exits 0 when the change came and 1 when it did not.

import { randomUUID } from 'node:crypto';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const { OPENSLOT_A, OPENSLOT_B, TOKEN, ORGANIZATION = 'demo', PATIENT_ID, DEADLINE_MS = '15000' } = process.env;

const FREE_SLOTS = `query ($organization: String!) {
  providers(organizationSlug: $organization, first: 5) {
    nodes { slots(first: 1) { streamCursor nodes { id version services { id } } } }
  }
}`;

const BOOK = `mutation ($input: BookSlotInput!) {
  bookSlot(input: $input) { booking { id status } availabilityVersion userErrors { code message field } }
}`;

const CHANGES = `subscription ($organization: String!, $after: Cursor) {
  slotChanges(organizationSlug: $organization, after: $after) {
    __typename
    ... on SlotChange { availabilityVersion kind slot { id status version } }
    ... on Resync { reason }
  }
}`;

/** The data of a query or mutation sent by POST; throws on any error. */
async function post(base, query, variables) {
  const response = await fetch(new URL('/graphql', base), {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json',
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${base} answers ${response.status}: ${JSON.stringify(errors)}`);
  return data;
}

function connect(base) {
  const url = new URL('/graphql', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return createClient({
    url: url.href,
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${TOKEN}` },
    lazy: false,
    onNonLazyError: () => {}, // the operations fail with the same error
    retryAttempts: 0,
  });
}

/** Waits for the change that takes the slot, and tells it with what came before it. */
async function taken(changes, slot) {
  let others = 0;
  for await (const { data, errors } of changes) {
    if (errors) throw new Error(`the stream answers ${JSON.stringify(errors)}`);
    const item = data.slotChanges;
    if (item.__typename === 'Resync') throw new Error(`the stream starts anew: ${item.reason}`);
    if (item.slot?.id === slot.id && item.slot.status !== 'FREE') return { item, others };
    others += 1;
  }
  throw new Error('the stream ended');
}

async function book(slot) {
  const input = {
    slot: { id: slot.id },
    serviceId: slot.services[0]?.id,
    patient: PATIENT_ID ? { id: PATIENT_ID } : undefined,
    clientMutationId: randomUUID(),
  };
  const { bookSlot } = await post(OPENSLOT_A, BOOK, { input });
  if (!bookSlot.booking) throw new Error(`the booking is refused: ${JSON.stringify(bookSlot.userErrors)}`);
  return bookSlot;
}

async function check(client) {
  const organization = ORGANIZATION;
  const { providers } = await post(OPENSLOT_A, FREE_SLOTS, { organization });
  const slots = providers.nodes.map((provider) => provider.slots).find(({ nodes }) => nodes.length > 0);
  if (!slots) throw new Error('there is no free slot');
  const slot = slots.nodes[0];

  const variables = { organization, after: slots.streamCursor };
  const change = taken(client.iterate({ query: CHANGES, variables }), slot);
  change.catch(() => {}); // told where it is awaited
  // Frames are handled in order: once this is answered, the subscription has begun, and the change is pushed, not
  // caught up.
  for await (const { data } of client.iterate({ query: '{ __typename }' })) {
    if (data?.__typename !== 'Query') throw new Error('a query over the socket is not answered');
  }

  const booked = await book(slot);
  const since = performance.now();
  const { item, others } = await change;
  const waited = Math.max(0, performance.now() - since).toFixed(1);
  if (item.slot.version <= slot.version) throw new Error(`version ${item.slot.version} follows ${slot.version}`);
  if (item.availabilityVersion < booked.availabilityVersion) {
    throw new Error(`the change is told at ${item.availabilityVersion}, before ${booked.availabilityVersion}`);
  }
  return `${slot.id} is ${item.slot.status} at B ${waited} ms after A had booked it, ${others} other changes before it`;
}

function deadline() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing within ${DEADLINE_MS} ms`)), Number(DEADLINE_MS)).unref();
  });
}

let client;
try {
  if (!OPENSLOT_A || !OPENSLOT_B || !TOKEN) throw new Error('OPENSLOT_A, OPENSLOT_B and TOKEN must be set');
  client = connect(OPENSLOT_B);
  console.log(`live: ok: ${await Promise.race([check(client), deadline()])}`);
} catch (error) {
  const { code, reason } = error; // a close event
  console.log(`live: failed: ${code ? `closed ${code} ${reason}` : (error.message ?? JSON.stringify(error))}`);
  process.exitCode = 1;
} finally {
  await client?.dispose();
}
