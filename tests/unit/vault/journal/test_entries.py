from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.errors import IntegrityError, InvalidInputError, TooLargeError
from vault.ids import CaseNumber, ClientId, DepartmentId, EntryId, GrantId
from vault.journal.entries import (
    Basis,
    By,
    Entry,
    Evidence,
    Kind,
    On,
    RequestTrace,
    Result,
    SealedUntil,
    Shown,
    StateChange,
    Verdict,
)
from vault.journal.padding import BLOCK_BYTES, MAX_PAYLOAD_BYTES, pad, unpad

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
IDS = st.binary(min_size=16, max_size=16)
HASHES = st.binary(min_size=32, max_size=32)
NUMBERS = st.integers(0, (1 << 53) - 1)
MAYBE = st.none() | TEXTS
SOME_TEXTS = st.lists(TEXTS, max_size=3).map(tuple)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


EVIDENCE = st.builds(
    Evidence,
    code=TEXTS,
    record=maybe(IDS),
    version=maybe(NUMBERS),
    manifest=maybe(HASHES),
    view=MAYBE,
    fields=SOME_TEXTS,
)
ENTRIES = st.builds(
    Entry,
    entry_id=IDS,
    at_ms=NUMBERS,
    kind=st.sampled_from(Kind),
    basis=st.sampled_from([basis for basis in Basis if basis is not Basis.DUTY]),
    by=st.builds(
        By,
        department=maybe(IDS),
        client=MAYBE,
        officer=MAYBE,
        member=MAYBE,
        acting=SOME_TEXTS,
    ),
    on=maybe(
        st.builds(
            On,
            grant=maybe(IDS),
            grant_version=maybe(NUMBERS),
            item=MAYBE,
            case_no=MAYBE,
            purpose=MAYBE,
        )
    ),
    evidence=st.lists(EVIDENCE, max_size=3).map(tuple),
    decision=maybe(
        st.builds(
            Verdict,
            result=st.sampled_from(Result),
            reasons=SOME_TEXTS,
            bundle=HASHES,
            inputs=HASHES,
        )
    ),
    change=maybe(
        st.builds(
            StateChange, object=TEXTS, id=TEXTS, came_from=MAYBE, became=MAYBE, version=NUMBERS
        )
    ),
    request=maybe(
        st.builds(
            RequestTrace,
            request_id=MAYBE,
            dpop_jkt=MAYBE,
            certificate=MAYBE,
            assertion=maybe(HASHES),
            proof=maybe(HASHES),
            object=maybe(HASHES),
            network=MAYBE,
            correlation=MAYBE,
        )
    ),
    sealed=maybe(st.builds(SealedUntil, until_ms=NUMBERS, article=TEXTS)),
    shown=maybe(st.builds(Shown, text=HASHES, locale=TEXTS)),
)

ENTRY = Entry(
    entry_id=EntryId(bytes(range(16))),
    at_ms=1_794_000_000_000,
    kind=Kind.PULL,
    basis=Basis.DUTY,
    article="PIPL-34",
    by=By(
        department=DepartmentId(b"d" * 16),
        client=ClientId("registry-1"),
        officer="officer-7",
        acting=("agent-2",),
    ),
    on=On(
        grant=GrantId(b"g" * 16),
        grant_version=3,
        item="birth-registration",
        case_no=CaseNumber("20260001"),
        purpose="registration",
    ),
    evidence=(
        Evidence(
            code="ID01",
            record=b"r" * 16,
            version=2,
            manifest=b"m" * 32,
            view="summary",
            fields=("name", "number"),
        ),
    ),
    decision=Verdict(result=Result.PERMIT, bundle=b"b" * 32, inputs=b"i" * 32),
    change=StateChange(
        object="oauth_grant", id="67", came_from="active", became="active", version=4
    ),
    request=RequestTrace(
        request_id="r-1",
        dpop_jkt="thumbprint",
        assertion=b"a" * 32,
        proof=b"p" * 32,
        network="192.0.2.0/24",
        correlation="c-1",
    ),
    sealed=SealedUntil(until_ms=1_794_000_000_001, article="PIPL-35"),
    shown=Shown(text=b"s" * 32, locale="zh-CN"),
)


def test_an_entry_stands_in_its_payload_under_the_keys_of_the_format() -> None:
    assert unpad(ENTRY.to_bytes()) == rfc8785.dumps(
        {
            "v": 1,
            "id": bytes(range(16)).hex(),
            "t": 1_794_000_000_000,
            "kind": "pull",
            "basis": "duty",
            "article": "PIPL-34",
            "by": {
                "department": "64" * 16,
                "client": "registry-1",
                "officer": "officer-7",
                "acting": ["agent-2"],
            },
            "on": {
                "grant": "67" * 16,
                "version": 3,
                "item": "birth-registration",
                "case": "20260001",
                "purpose": "registration",
            },
            "evidence": [
                {
                    "code": "ID01",
                    "record": "72" * 16,
                    "version": 2,
                    "manifest": "6d" * 32,
                    "view": "summary",
                    "fields": ["name", "number"],
                }
            ],
            "decision": {"result": "permit", "bundle": "62" * 32, "inputs": "69" * 32},
            "change": {
                "object": "oauth_grant",
                "id": "67",
                "from": "active",
                "to": "active",
                "version": 4,
            },
            "request": {
                "id": "r-1",
                "dpop": "thumbprint",
                "assertion": "61" * 32,
                "proof": "70" * 32,
                "network": "192.0.2.0/24",
                "correlation": "c-1",
            },
            "sealed": {"until": 1_794_000_000_001, "article": "PIPL-35"},
            "shown": {"text": "73" * 32, "locale": "zh-CN"},
        }
    )
    assert Entry.from_bytes(ENTRY.to_bytes()) == ENTRY


@settings(max_examples=60, deadline=None)
@given(entry=ENTRIES)
def test_every_entry_is_read_back_as_it_was_written(entry: Entry) -> None:
    payload = entry.to_bytes()

    assert Entry.from_bytes(payload) == entry
    assert len(payload) % BLOCK_BYTES == 0


@pytest.mark.parametrize(("basis", "article"), [(Basis.DUTY, None), (Basis.CONSENT, "PIPL-34")])
def test_only_a_duty_names_an_article(basis: Basis, article: str | None) -> None:
    with pytest.raises(InvalidInputError):
        Entry(
            entry_id=ENTRY.entry_id,
            at_ms=0,
            kind=Kind.PULL,
            basis=basis,
            article=article,
            by=By(),
        )


LEAST = (
    b'{"basis":"system","by":{},"id":"00000000000000000000000000000000",'
    b'"kind":"log.opened","t":0,"v":1}'
)


def test_the_least_entry_is_read() -> None:
    assert Entry.from_bytes(pad(LEAST)) == Entry(
        entry_id=EntryId(bytes(16)), at_ms=0, kind=Kind.LOG_OPENED, basis=Basis.SYSTEM, by=By()
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b',"v":1', b""),
        (b'"v":1', b'"v":1,"w":1'),
        (b'"t":0', b'"t":-1'),
        (b'"t":0', b'"t":0.5'),
        (b'"system"', b'"duty"'),
        (b'"system"', b'"whim"'),
        (b'"log.opened"', b'"log.burned"'),
        (b'"by":{}', b'"by":{"king":"x"}'),
        (b'"by":{}', b'"by":null'),
        (b'"by":{}', b'"by": {}'),
        (b"00000000000000000000000000000000", b"00"),
        (LEAST, b"[]"),
        (LEAST, b""),
    ],
)
def test_a_payload_that_no_entry_makes_is_refused(old: bytes, new: bytes) -> None:
    assert old in LEAST

    with pytest.raises(IntegrityError):
        Entry.from_bytes(pad(LEAST.replace(old, new)))


def test_an_entry_over_64_kib_is_refused() -> None:
    large = Entry(
        entry_id=ENTRY.entry_id,
        at_ms=0,
        kind=Kind.LIST,
        basis=Basis.SYSTEM,
        by=By(member="x" * MAX_PAYLOAD_BYTES),
    )

    with pytest.raises(TooLargeError):
        large.to_bytes()


@pytest.mark.parametrize("length", [0, 1, 254, 255, 256, 511, MAX_PAYLOAD_BYTES - 1])
def test_padding_fills_to_whole_blocks(length: int) -> None:
    payload = pad(b"\x80" * length)

    assert (len(payload) % BLOCK_BYTES, len(payload) // BLOCK_BYTES) == (0, length // 256 + 1)
    assert unpad(payload) == b"\x80" * length


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x80",
        bytes(256),
        b"a" * 256,
        b"\x80" + bytes(511),
        b"\x80" + b"\x01" * 255,
        pad(b"a") + bytes(256),
        bytes(MAX_PAYLOAD_BYTES) + b"\x80" + bytes(255),
    ],
)
def test_other_padding_is_refused(payload: bytes) -> None:
    with pytest.raises(IntegrityError):
        unpad(payload)
