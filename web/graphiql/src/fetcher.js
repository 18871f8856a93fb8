// Sends operations to /graphql beside this page: queries and mutations by POST, subscriptions by graphql-transport-ws.
// What it throws is shown to a person, so it has a message and no stack.
import { getOperationAST, parse } from "graphql";
import { CloseCode, createClient } from "graphql-ws";

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

/** Returns GraphiQL's fetcher for one endpoint (an absolute http or https URL). */
export function createFetcher(endpoint) {
  return (params, { headers } = {}) => {
    const { request, operation } = chosen(params);
    const sent = withoutBlanks(headers);
    return operation?.operation === "subscription" ? subscribe(endpoint, request, sent) : post(endpoint, request, sent);
  };
}

// Just after a change of tab GraphiQL still names the operation of the tab before; a name that the document lacks is
// left out. A document with a syntax error goes to the server as it is: its message says where.
function chosen(params) {
  const { operationName, ...unnamed } = params;
  try {
    const document = parse(params.query, { noLocation: true });
    const named = operationName && getOperationAST(document, operationName);
    return named ? { request: params, operation: named } : { request: unnamed, operation: getOperationAST(document) };
  } catch {
    return { request: params, operation: null };
  }
}

// The header editor starts with a place for the token; left empty, the request is one of a guest.
function withoutBlanks(headers) {
  const filled = Object.entries(headers ?? {}).filter(([, value]) => !/^(bearer)?\s*$/i.test(String(value ?? "")));
  return Object.fromEntries(filled);
}

async function post(endpoint, params, headers) {
  const request = {
    method: "POST",
    headers: { accept: ACCEPT, "content-type": "application/json", ...headers },
    body: JSON.stringify(params),
    credentials: "same-origin",
  };
  const response = await fetch(endpoint, request).catch(({ message }) => {
    throw { message: `The server could not be reached: ${message}` };
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw { message: `The server answered ${response.status} without JSON: ${text.slice(0, 500) || "(no body)"}` };
  }
}

// A socket for each subscription: it carries the headers as they are when the operation starts, and closes with it.
function subscribe(endpoint, params, headers) {
  const url = new URL(endpoint);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const client = createClient({
    url: url.href,
    connectionParams: () => (Object.keys(headers).length > 0 ? headers : undefined),
    // The token cannot change while the operation runs, so trying again after a refusal only hides it.
    shouldRetry: (reason) => reason?.code !== CloseCode.Forbidden,
  });
  return readable(client.iterate(params));
}

// Not a generator: its `return` would wait for the pending `next`, and Stop would leave the socket open.
function readable(results) {
  return {
    next: () =>
      results.next().catch((reason) => {
        throw reason instanceof Error || Array.isArray(reason) ? reason : { message: describe(reason) };
      }),
    return: () => results.return(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function describe(event) {
  if (typeof event?.code !== "number") {
    return "The WebSocket to the server failed.";
  }
  const why = event.reason ? `: ${event.reason}` : "";
  return `The server closed the subscription's socket with code ${event.code}${why}`;
}
