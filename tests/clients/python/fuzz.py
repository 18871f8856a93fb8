"""Random documents of schemathesis, valid and invalid, for every field of Query and Mutation, as nobody, a patient and an ADMIN.

OPENSLOT_A   address of a gateway with demo data, which the mutations change; `demo` must be its default organization
ADMIN_TOKEN  bearer token of an ADMIN of `demo`
TOKEN        bearer token of a patient there
CASES        documents for each field, each way and each caller, 12 if left out
SEED         of what is random, 1 if left out

Prints one line; exits 1 when an answer is a server's error, is no GraphQL, or has an error without request id or with a
code that docs/errors.md does not have.
"""

import collections
import datetime
import os
import pathlib
import re
import sys
import time
import uuid
import zlib

import graphql
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.graphql import nodes

ADDRESS = os.environ["OPENSLOT_A"] + "/graphql"
ADMIN = {"authorization": "Bearer " + os.environ["ADMIN_TOKEN"]}
PATIENT = {"authorization": "Bearer " + os.environ["TOKEN"]}
CASES = int(os.environ.get("CASES", "12"))
SEED = int(os.environ.get("SEED", "1"))
ROOT = pathlib.Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "schema.graphql"

# Those of the page without INTERNAL: nobody may bring about a defect.
PAGE = (ROOT / "docs/errors.md").read_text().partition("## Top-level errors")[2].partition("## Refusals")[0]
CODES = set(re.findall(r"^\| `([A-Z_]+)`", PAGE, re.MULTILINE)) - {"INTERNAL"}

# It ends the tokens that all others need.
LAST = "revokeSessions"

SEEN_BY_ADMIN = """{
  viewer { memberships { id } }
  members(first: 100) { nodes { id } }
  providers(first: 5) {
    nodes { id locations { id } slots(first: 3, window: { instants: { startsAt: "%s" } }) { nodes { id services { id } } } }
  }
}"""
MAKE_KEY = """mutation ($at: DateTime!) {
  createApiKey(input: { displayName: "fuzz", scopes: [BOOKINGS_READ], expiresAt: $at }) { apiKey { id } }
}"""
BOOK = """mutation ($slot: ID!, $service: ID!) {
  bookSlot(input: { slot: { id: $slot }, serviceId: $service }) { booking { id } }
}"""


def ask(headers, query, **variables):
    """The data of an operation that must succeed."""
    response = requests.post(ADDRESS, json={"query": query, "variables": variables}, headers=headers, timeout=10)
    answer = response.json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def find_ids():
    """Ids of each kind that arguments name. The ADMIN's own membership is none of them: nobody is to end it."""
    quiet = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=10)).isoformat()
    seen = ask(ADMIN, SEEN_BY_ADMIN % quiet)
    own = [member["id"] for member in seen["viewer"]["memberships"]]
    providers = seen["providers"]["nodes"]
    slots = [slot for provider in providers for slot in provider["slots"]["nodes"]]
    services = [service["id"] for slot in slots for service in slot["services"]]
    booked = ask(PATIENT, BOOK, slot=slots[0]["id"], service=services[0])["bookSlot"]["booking"]
    return {
        "provider": [provider["id"] for provider in providers],
        "location": [location["id"] for provider in providers for location in provider["locations"]],
        "slot": [slot["id"] for slot in slots],
        "service": services,
        "patient": [ask(PATIENT, "{ viewer { patient { id } } }")["viewer"]["patient"]["id"]],
        "booking": [booked["id"]],
        "member": [member["id"] for member in seen["members"]["nodes"] if member["id"] not in own],
        "apiKey": [ask(ADMIN, MAKE_KEY, at=quiet)["createApiKey"]["apiKey"]["id"]],
    }


def register(ids):
    """What the scalars of the schema look like, with a few that are nearly right."""

    def text(strategy, *odd):
        return st.one_of(strategy, st.sampled_from(odd)).map(nodes.String)

    known = [one for some in ids.values() for one in some]
    pairs = st.tuples(st.integers(0, 23), st.integers(0, 59))
    scalars = {
        "ID": text(st.sampled_from(known), "", "nobody", known[0][:-1] + "!", known[0].lower()),
        "DateTime": text(
            st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z"),
            "9999-12-31T23:59:59.999999999Z",
            "2026-03-29T02:30:00+14:00",
            "2026-03-29T02:30:00",
        ),
        "LocalDate": text(st.dates().map(str), "0000-01-01", "2026-02-30"),
        "LocalTime": text(pairs.map("%02d:%02d".__mod__), "24:00", "08:30:15"),
        "TimeZone": text(st.sampled_from(["Europe/Berlin", "UTC", "Pacific/Apia"]), "CET", "+01:00"),
        "LanguageTag": text(st.sampled_from(["de", "pt-BR"]), "x", "\u00e4\u00e4"),
        "RegionCode": text(st.sampled_from(["DE", "US-IL"]), "", "d\u00e4"),
        "PhoneNumber": text(st.from_regex(r"\A\+[1-9][0-9]{3,14}\Z"), "0049", "+"),
        "EmailAddress": text(st.emails(), "a@b@c", "a\u0000@b"),
        "Cursor": text(st.text(max_size=40), "AAAA"),
        "Duration": text(st.integers(0, 10**6).map("PT{}M".format), "P1D", "P1Y", "PT99999999999999999999H", "-PT1H"),
        "AvailabilityVersion": text(st.integers(0, 2**64 - 1).map("{:016x}".format), "0", "z" * 16),
    }
    for name, strategy in scalars.items():
        schemathesis.graphql.scalar(name, strategy)
    defined = [one.name.value for one in graphql.parse(SCHEMA.read_text()).definitions if one.kind == "scalar_type_definition"]
    missing = [name for name in defined if name not in scalars]
    assert not missing, f"no strategy for {missing}"


class Sensible(graphql.Visitor):
    """Puts what exists where nothing random would fit: ids of the right kind, the organization, sizes of pages."""

    def __init__(self, ids):
        super().__init__()
        self.ids = ids

    def names(self, ancestors):
        """The argument or input field that a value is for, and what is around it."""
        named = [one.name.value for one in reversed(ancestors) if getattr(one, "name", None)]
        return [*named, "", ""][:2]

    def enter_string_value(self, node, _key, parent, _path, ancestors):
        name, around = self.names([*ancestors, parent])
        kind = around if name == "id" else name.removesuffix("s").removesuffix("Id")
        if name in ("organizationSlug", "slug"):
            return nodes.String("demo")
        return nodes.String(self.ids[kind][len(node.value) % len(self.ids[kind])]) if kind in self.ids else None

    def enter_int_value(self, node, _key, parent, _path, ancestors):
        name, _ = self.names([*ancestors, parent])
        wanted = {"first": int(node.value) % 100 + 1, "expectedVersion": 1}
        return nodes.Int(wanted[name]) if name in wanted else None


def make_sensible(ids):
    """Two of three documents are changed, always the same ones."""

    @schemathesis.hook
    def map_body(_, body):
        is_left = zlib.crc32(graphql.print_ast(body).encode("utf-8", "replace")) % 3 == 0
        return body if is_left else graphql.visit(body, Sensible(ids))


def faults(response):
    """What is wrong with an answer."""
    if response.status_code >= 500:
        return [f"status {response.status_code}"]
    try:
        answer = response.json()
    except ValueError:
        return [f"status {response.status_code} and no JSON: {response.text[:200]}"]
    if not isinstance(answer, dict) or not ("data" in answer or answer.get("errors")):
        return [f"neither data nor errors: {response.text[:200]}"]
    found = []
    for error in answer.get("errors", []):
        extensions = error.get("extensions", {})
        if extensions.get("code") not in CODES:
            found.append(f"code {extensions.get('code')}: {error['message']}")
        try:
            uuid.UUID(extensions.get("requestId"))
        except (TypeError, ValueError):
            found.append(f"request id {extensions.get('requestId')}: {error['message']}")
    return found


def main():
    began = time.monotonic()
    ids = find_ids()
    register(ids)
    make_sensible(ids)
    schema = schemathesis.graphql.from_path(SCHEMA)
    operations = [result.ok() for result in schema.get_all_operations()]
    operations.sort(key=lambda operation: operation.definition.field_name == LAST)
    counts, failures = collections.Counter(), {}

    def send(case, who, headers):
        response = case.call(base_url=ADDRESS, headers=headers, timeout=30)
        counts["cases"] += 1
        counts[who] += 1
        for fault in faults(response):
            failures.setdefault(fault, (who, case.body))
        if response.status_code < 500 and not faults(response):
            answer = response.json()
            counts["with data"] += any(value is not None for value in (answer.get("data") or {}).values())
            counts.update({error["extensions"]["code"] for error in answer.get("errors", [])})

    ways = [GenerationMode.NEGATIVE, GenerationMode.POSITIVE]
    for operation in operations:
        for who, headers in (("nobody", {}), ("a patient", PATIENT), ("an ADMIN", ADMIN)):
            for mode in ways:
                strategy = operation.as_strategy(generation_mode=mode)

                @seed(SEED)
                @settings(
                    max_examples=CASES,
                    database=None,
                    deadline=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                @given(case=strategy)
                def check(case):
                    send(case, who, headers)

                check()
    for fault, (who, body) in failures.items():
        print(f"schemathesis: {fault}\n  as {who}: {body!r}", file=sys.stderr)
    told = ", ".join(f"{name} {count}" for name, count in counts.items() if name != "cases")
    print(f"schemathesis: {counts['cases']} documents for {len(operations)} fields in {time.monotonic() - began:.0f} s: {told}")
    assert counts["cases"] >= 1000 or "CASES" in os.environ, "fewer than 1,000 documents"
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
