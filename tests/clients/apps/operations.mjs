// What every client sends. Relay has the same in relay/, since its compiler wants a file of the client's own form.

import { createHash, randomUUID } from 'node:crypto';

const { OPENSLOT_A, TOKEN } = process.env;
export const uri = new URL('/graphql', OPENSLOT_A).href;
export const headers = { authorization: `Bearer ${TOKEN}` };
export const organization = 'demo';
export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

export const FREE_SLOTS = `query FreeSlots($organization: String!, $window: WindowInput) {
  providers(organizationSlug: $organization, first: 5) {
    nodes {
      id
      displayName
      slots(first: 3, window: $window) { nodes { id startsAt localStart version services { id displayName } } }
    }
  }
}`;

export const BOOK = `mutation BookFreeSlot($input: BookSlotInput!) {
  bookSlot(input: $input) {
    booking { id status version }
    alternatives { id }
    userErrors { code message field }
  }
}`;

export const CANCEL = `mutation CancelBooked($input: CancelBookingInput!) {
  cancelBooking(input: $input) { booking { id status } userErrors { code message } }
}`;

export const MISSING = `query MissingOrganization { organization(slug: "no-such-organization") { id displayName } }`;

/** A document that no server has seen yet. */
export const newDocument = () => {
  const name = `Persisted_${randomUUID().replaceAll('-', '')}`;
  return `query ${name}($organization: String!) { organization(slug: $organization) { id displayName } }`;
};

export function equal(what, found, wanted) {
  const [one, other] = [found, wanted].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${what}: ${one} in place of ${other}`);
}

/** A fetch that notes what is sent and what comes back. */
export function noting() {
  const exchanges = [];
  const fetchFn = async (input, init = {}) => {
    const response = await fetch(input, init);
    const query = new URL(input).searchParams;
    const sent = init.body ? JSON.parse(init.body) : Object.fromEntries(query);
    exchanges.push({ method: init.method ?? 'GET', sent, status: response.status, answer: await response.clone().json() });
    return response;
  };
  return { exchanges, fetchFn };
}

/** One after the other how a document went over: by which method, with or without its text. */
export const ways = (exchanges) => exchanges.map(({ method, sent }) => `${method} ${sent.query ? 'text' : 'hash'}`);

const DAY_MS = 86_400_000;

/** Four days after the week whose visits are seeded, and late enough for every service. */
function quietDays() {
  const [startsAt, endsAt] = [10, 14].map((days) => new Date(Date.now() + days * DAY_MS).toISOString());
  return { instants: { startsAt, endsAt } };
}

/**
 * Books, wants the same again, and cancels, as a client does each of them.
 * `send` takes one of the three operations and answers its data.
 */
export async function bookTwice(send) {
  const { providers } = await send('FREE_SLOTS', { organization, window: quietDays() });
  const slots = providers.nodes.flatMap((provider) => provider.slots.nodes);
  if (slots.length === 0) throw new Error('there is no free slot');
  const [slot] = slots;
  const book = (key) => ({ input: { slot: { id: slot.id }, serviceId: slot.services[0].id, clientMutationId: key } });

  const { bookSlot: booked } = await send('BOOK', book(randomUUID()));
  equal('the refusals of a booking', booked.userErrors, []);
  equal('the booking', booked.booking.status, 'BOOKED');
  const { bookSlot: refused } = await send('BOOK', book(randomUUID()));
  equal('the refusal of the same slot', [refused.booking, refused.userErrors[0]?.code], [null, 'SLOT_TAKEN']);
  const { id, version } = booked.booking;
  const { cancelBooking } = await send('CANCEL', { input: { bookingId: id, expectedVersion: version } });
  equal('the booking after it', cancelBooking.booking?.status, 'CANCELLED');
  return `${slots.length} nested slots, booked, SLOT_TAKEN, cancelled`;
}
