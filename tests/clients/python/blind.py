"""clairvoyance, which rebuilds a schema from what errors tell, learns nothing where introspection is off. It is given every
name of the schema to guess with, and learns the root fields from a server of graphql-core with the same words.

OPENSLOT_A   address of a gateway with GRAPHQL_INTROSPECTION=false

Prints one line; exits 1 when anything is learnt, or when two documents that are not valid are told apart.
"""

import asyncio
import json
import logging
import os
import pathlib
import sys

import graphql
from aiohttp import web
from clairvoyance import oracle
from clairvoyance.cli import setup_context
from clairvoyance.client import Client
from clairvoyance.entities.context import client
from clairvoyance.entities.errors import EndpointError

ADDRESS = os.environ["OPENSLOT_A"] + "/graphql"
SCHEMA = graphql.build_schema((pathlib.Path(__file__).resolve().parents[3] / "schema.graphql").read_text())

# None of them is valid. Half of them name what exists.
INVALID = [
    "{ nonsense }",
    "{ provider }",
    "{ providers }",
    "{ providers { nonsense } }",
    "{ providers { nodes { id { nonsense } } } }",
    "{ providers(nonsense: 1) { nodes { id } } }",
    '{ providers(first: "many") { nodes { id } } }',
    "{ booking { id } }",
    "{ booking(id: 7.5) { nonsense } }",
    "{ node(id: 1) { ... on Nonsense { id } } }",
    "{ node(id: 1) { ... on Slot { nonsense } } }",
    "query ($a: Nonsense) { __typename }",
    "query ($a: BookSlotInput) { __typename }",
    "mutation { nonsense }",
    "mutation { bookSlot }",
    "mutation { bookSlot(input: {}) { __typename } }",
    "subscription { nonsense }",
    "subscription { slotChanges }",
    "{ viewer { role @nonsense } }",
]

# They are valid, and refused in words of their own, which tell no more.
INTROSPECTION = [
    "{ __schema { types { name } } }",
    '{ __type(name: "Slot") { name } }',
    '{ __type(name: "Nonsense") { name } }',
]


def words():
    """Names of the schema, and as many that are not."""
    types = [one for name, one in SCHEMA.type_map.items() if not name.startswith("__")]
    fields = [item for one in types for item in getattr(one, "fields", {}).items()]
    names = {name for name, _ in fields} | {name for _, field in fields for name in getattr(field, "args", {})}
    return sorted(names | {name + "Not" for name in names})


async def learn(address):
    """The root fields that clairvoyance learns, and everything that it was answered."""
    answers = []

    class Noting(Client):
        async def post(self, document, retries=0):
            answer = await super().post(document, retries)
            answers.append((document, answer))
            return answer

    logger = logging.getLogger("clairvoyance")
    logger.setLevel(logging.ERROR)
    setup_context(address, logger)
    Noting(address)
    learnt = []
    try:
        for kind in ("query", "mutation"):
            schema = json.loads(await oracle.clairvoyance(words(), input_document=kind + " { FUZZ }"))
            roots = [one for one in schema["data"]["__schema"]["types"] if one["name"] in ("Query", "Mutation")]
            learnt += [field["name"] for root in roots for field in root.get("fields") or []]
    except EndpointError:
        # It says that the answers tell it nothing, once for every word.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
    for document in INVALID + INTROSPECTION:
        await client().post(document)
    await client().close()
    return sorted({*learnt} - {"dummy"}), answers  # which it puts where it found nothing


async def telling(request):
    """What a server says of documents where nobody tells it to be silent."""
    result = graphql.graphql_sync(SCHEMA, (await request.json())["query"])
    return web.json_response(result.formatted)


async def control():
    """What clairvoyance learns from such a server."""
    app = web.Application()
    app.router.add_post("/graphql", telling)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    learnt, _ = await learn(f"http://127.0.0.1:{port}/graphql")
    await runner.cleanup()
    return learnt


def told(answer):
    """An answer without what is another each time."""
    for error in answer.get("errors", []):
        error.get("extensions", {}).pop("requestId", None)
    return json.dumps(answer, sort_keys=True)


async def main():
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # clairvoyance looks at the first failure only
    seen = await control()
    wanted = sorted([*SCHEMA.query_type.fields, *SCHEMA.mutation_type.fields])
    assert seen == wanted, f"clairvoyance learns {seen} where it can learn {wanted}"
    learnt, answers = await learn(ADDRESS)
    kinds = {True: {}, False: {}}
    for document, answer in answers:
        if "errors" in answer:
            kinds[document in INTROSPECTION].setdefault(told(answer), document)
    accepted = [document for document, answer in answers if document in INVALID + INTROSPECTION and "errors" not in answer]
    for document in accepted:
        print(f"clairvoyance: {document!r} is answered", file=sys.stderr)
    for refusals in kinds.values():
        for refusal, document in list(refusals.items())[:10] if len(refusals) > 1 else []:
            print(f"clairvoyance: {document[:80]!r} is answered {refusal[:300]}", file=sys.stderr)
    one_of_each = all(len(refusals) == 1 for refusals in kinds.values())
    print(
        f"clairvoyance: {len(words())} words, {len(answers)} documents: {len(learnt)} fields learnt, "
        f"{len(kinds[False])} kind of refusal; {len(seen)} fields where errors tell them"
    )
    sys.exit(0 if one_of_each and not learnt and not accepted else 1)


if __name__ == "__main__":
    asyncio.run(main())
