"""The client library gql: nested slots, a booking and its refusal, an error with its code, a persisted query, and the
change that the booking makes, over graphql-transport-ws.

OPENSLOT_A   address of the gateway, like http://127.0.0.1:8088, with demo data
TOKEN        bearer token of a patient

Prints one line; exits 1 when something is not as it must be.
"""

import asyncio
import datetime
import hashlib
import os
import uuid

from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

ADDRESS = os.environ["OPENSLOT_A"] + "/graphql"
TOKEN = {"Authorization": "Bearer " + os.environ["TOKEN"]}

FREE_SLOTS = gql("""query FreeSlots($window: WindowInput) {
  providers(organizationSlug: "demo", first: 5) {
    nodes { displayName slots(first: 3, window: $window) { streamCursor nodes { id services { id } } } }
  }
}""")
BOOK = gql("""mutation Book($input: BookSlotInput!) {
  bookSlot(input: $input) { booking { id status version } userErrors { code message field } }
}""")
CANCEL = gql("""mutation Cancel($input: CancelBookingInput!) {
  cancelBooking(input: $input) { booking { status } userErrors { code } }
}""")
CHANGES = gql("""subscription Changes($after: Cursor) {
  slotChanges(organizationSlug: "demo", after: $after) { __typename ... on SlotChange { slot { id status } } }
}""")
MISSING = gql('{ organization(slug: "no-such-organization") { id } }')


def of(document, **variables):
    return GraphQLRequest(document, variable_values=variables)


async def refused(session, request, code, **more):
    """Fails unless the request is answered with an error of this code."""
    try:
        await session.execute(request, **more)
    except TransportQueryError as error:
        found = error.errors[0]["extensions"]["code"]
        assert found == code, f"{found} in place of {code}"
    else:
        raise AssertionError(f"no error in place of {code}")


async def book(session):
    """Books, wants the same again, cancels; answers the slot and where the stream stood before."""
    starts = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=10)
    window = {"instants": {"startsAt": starts.isoformat()}}
    lists = [one["slots"] for one in (await session.execute(of(FREE_SLOTS, window=window)))["providers"]["nodes"]]
    cursor = lists[0]["streamCursor"]
    slot = next(slot for one in lists for slot in one["nodes"])

    async def once():
        wanted = {"slot": {"id": slot["id"]}, "serviceId": slot["services"][0]["id"]}
        return (await session.execute(of(BOOK, input={**wanted, "clientMutationId": str(uuid.uuid4())})))["bookSlot"]

    booked = await once()
    assert not booked["userErrors"] and booked["booking"]["status"] == "BOOKED", booked
    again = await once()
    assert again["booking"] is None and [one["code"] for one in again["userErrors"]] == ["SLOT_TAKEN"], again
    cancel = {"bookingId": booked["booking"]["id"], "expectedVersion": booked["booking"]["version"]}
    cancelled = (await session.execute(of(CANCEL, input=cancel)))["cancelBooking"]
    assert cancelled["booking"]["status"] == "CANCELLED", cancelled
    return slot["id"], cursor


async def follow(slot, cursor):
    """The states of the slot that the stream tells from there on, until it is free again."""
    states = []
    transport = WebsocketsTransport(
        url=ADDRESS.replace("http", "ws", 1),
        init_payload=TOKEN,
        # gql 4.4 offers the old protocol too, and takes it for the chosen one where header names come in lower case.
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    async with Client(transport=transport) as session:
        async for item in session.subscribe(of(CHANGES, after=cursor)):
            change = item["slotChanges"]
            if change["__typename"] == "SlotChange" and change["slot"]["id"] == slot:
                states.append(change["slot"]["status"])
                if states[-1] == "FREE":
                    return transport.response_headers["sec-websocket-protocol"], states


async def persist(session):
    """Registers a document and asks for it by its hash. gql always sends the text: another body takes its place."""
    request = gql(f'query Persisted_{uuid.uuid4().hex} {{ organization(slug: "demo") {{ displayName }} }}')
    text = request.payload["query"]
    request.extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}
    by_hash = {"json": {"extensions": request.extensions}}

    await refused(session, request, "PERSISTED_QUERY_NOT_FOUND", extra_args=by_hash)
    registered = await session.execute(request)
    found = await session.execute(request, extra_args=by_hash)
    assert found == registered and found["organization"]["displayName"], found


async def main():
    transport = AIOHTTPTransport(url=ADDRESS, headers=TOKEN)
    async with Client(transport=transport) as session:
        slot, cursor = await book(session)
        await refused(session, MISSING, "NOT_FOUND")
        await persist(session)
    protocol, states = await asyncio.wait_for(follow(slot, cursor), 10)
    assert protocol == "graphql-transport-ws" and states == ["BUSY", "FREE"], (protocol, states)
    print(f"gql: booked, SLOT_TAKEN, cancelled, NOT_FOUND, persisted; {protocol} tells {', '.join(states)}")


if __name__ == "__main__":
    asyncio.run(main())
