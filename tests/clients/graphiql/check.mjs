// Uses /graphiql of a running server in Chromium as a person would. Fails on a violation of the page's policy, an error
// in the console, a request to another origin, a query without data, or a subscription that misses a change.
//
//   OPENSLOT_URL=http://127.0.0.1:8088 node check.mjs [screenshot.png]
//
// OPENSLOT_TOKEN  put into the header editor and sent with the mutation: of a patient of the demo
// CHROMIUM        path of the browser (/usr/bin/chromium)
import assert from "node:assert/strict";
import { Editor, openPage } from "./page.mjs";

const SERVER = new URL(process.env.OPENSLOT_URL ?? "http://127.0.0.1:8088");
const TOKEN = process.env.OPENSLOT_TOKEN ?? null;
const SCREENSHOT = process.argv[2] ?? null;

// What the demo data must answer.
const QUERY = `{ organization(slug: "demo") { displayName } }`;
const QUERY_SHOWS = /"displayName": "[^"]+"/;
// The subscription of the page's second tab; the change that this check causes must arrive in it.
const CHANGE_SHOWS = /"__typename": "SlotChange"/;
// A free slot is looked up, then taken.
const FREE_SLOT = `{ providers(organizationSlug: "demo", first: 20) { nodes { slots(first: 1) {
  nodes { id services { id } } } } } }`;
const slotOf = (data) => data.providers.nodes.flatMap((it) => it.slots.nodes).at(-1);
const MUTATION = `mutation ($input: BookSlotInput!) {
  bookSlot(input: $input) { booking { id } userErrors { code message } } }`;
const inputOf = (slot) => ({ input: { slot: { id: slot.id }, serviceId: slot.services[0].id } });

/** Sends one operation past the page, and gives its data. */
async function send(query, variables) {
  const response = await fetch(new URL("graphql", SERVER), {
    method: "POST",
    headers: { "content-type": "application/json", ...(TOKEN && { authorization: `Bearer ${TOKEN}` }) },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(10_000),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

// Headers belong to their tab.
async function signIn(editor) {
  if (TOKEN) {
    await editor.setHeaders(JSON.stringify({ Authorization: `Bearer ${TOKEN}` }));
  }
}

async function examplesAreTabs(editor) {
  assert.deepEqual(await editor.tabs(), ["FreeTimes", "LiveChanges"]);
  await editor.run();
  await editor.shows(/"localStart": "/, "the first tab's example");
  assert.doesNotMatch(await editor.response(), /"errors"/);
  if (SCREENSHOT) {
    await editor.screenshot(SCREENSHOT);
  }
}

async function typedQueryAnswers(editor) {
  await editor.newTab();
  await editor.type(QUERY);
  await editor.run();
  await editor.shows(QUERY_SHOWS, "the typed query");
}

async function completionKnowsTheSchema(editor) {
  await editor.newTab();
  await editor.completes("{ ", "organi", "organization");
}

async function subscriptionShowsAChange(editor) {
  await editor.openTab("LiveChanges");
  await signIn(editor);
  const socket = editor.nextSocket();
  await editor.run();
  const init = await socket.subscribed();
  assert.equal(init.payload?.Authorization, TOKEN ? `Bearer ${TOKEN}` : undefined);
  const slot = slotOf(await send(FREE_SLOT));
  assert.ok(slot, "a free slot in the demo data");
  const { bookSlot } = await send(MUTATION, inputOf(slot));
  assert.deepEqual(bookSlot.userErrors, []);
  await editor.shows(CHANGE_SHOWS, "the subscription's change");
  await editor.stop();
  await socket.closed();
}

async function headersReachTheServer(editor) {
  await signIn(editor);
  const headers = await editor.sentHeaders(() => editor.run());
  assert.equal(headers.authorization, TOKEN ? `Bearer ${TOKEN}` : undefined);
}

async function dialogsOpenUnderThePolicy(editor) {
  await editor.openAndClose("Open settings dialog");
  await editor.openAndClose("Open short keys dialog");
  await editor.openDocumentation("organization");
}

const { page, problems, close } = await openPage(SERVER);
try {
  const editor = new Editor(page);
  await editor.ready();
  const steps = [
    examplesAreTabs,
    headersReachTheServer,
    typedQueryAnswers,
    completionKnowsTheSchema,
    subscriptionShowsAChange,
    dialogsOpenUnderThePolicy,
  ];
  for (const step of steps) {
    await step(editor);
    assert.deepEqual(problems, [], step.name);
    console.log(`ok ${step.name}`);
  }
} finally {
  await close();
}
