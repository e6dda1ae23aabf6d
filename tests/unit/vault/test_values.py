"""Holders, records, ids, time and errors: small values whose invariants others rest on."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.support.crypto import DEPARTMENT_ID, HOLDER_ID, OTHER_HOLDER_ID, RECORD_ID
from vault.clock import SystemClock, day_starts_ms, instant, legal_day
from vault.errors import IntegrityError, InvalidInputError, RateLimitedError, StepUpRequiredError
from vault.holders import HolderProfile
from vault.identifiers import IdentifierKind
from vault.ids import Space, parse_id, space_of
from vault.records import (
    FileNote,
    RecordHead,
    RecordPayload,
    RecordStatus,
    TrustGrade,
    VersionRef,
    answering,
)

TODAY = date(2026, 11, 24)
SPACE = Space(0, HOLDER_ID)
HEAD = RecordHead(
    space=SPACE,
    record_id=RECORD_ID,
    version=3,
    payload_version=2,
    code="ID01",
    department_id=DEPARTMENT_ID,
    status=RecordStatus.VALID,
    trust_grade=TrustGrade.A,
    valid_from=date(2020, 1, 1),
    valid_to=date(2030, 1, 1),
    served_until=None,
    updated_at_ms=1000,
)


def test_a_head_names_its_version_and_the_one_whose_key_opens_it() -> None:
    assert HEAD.ref == VersionRef(SPACE, RECORD_ID, 3)
    assert HEAD.key_ref == VersionRef(SPACE, RECORD_ID, 2)


@pytest.mark.parametrize(
    ("day", "within"),
    [
        (date(2019, 12, 31), False),
        (date(2020, 1, 1), True),
        (date(2030, 1, 1), True),
        (date(2030, 1, 2), False),
    ],
)
def test_both_ends_of_the_validity_are_inside(day: date, *, within: bool) -> None:
    assert HEAD.in_date(day) is within
    assert replace(HEAD, valid_from=None, valid_to=None).in_date(day)


@pytest.mark.parametrize(("until", "served"), [(None, True), (TODAY, True), (TODAY, False)])
def test_a_credit_record_is_served_to_its_last_day(until: date | None, *, served: bool) -> None:
    day = TODAY if served else date(2026, 11, 25)

    assert replace(HEAD, served_until=until).served(day) is served


def test_the_valid_record_answers_before_the_newer_one() -> None:
    newer = replace(HEAD, status=RecordStatus.CANCELLED, updated_at_ms=2000)
    lapsed = replace(HEAD, valid_to=date(2020, 2, 1), updated_at_ms=3000)
    hidden = replace(HEAD, served_until=date(2026, 1, 1), updated_at_ms=4000)

    assert answering([newer, HEAD, lapsed, hidden], today=TODAY) == HEAD
    assert answering([newer, lapsed, hidden], today=TODAY) == lapsed
    assert answering([hidden], today=TODAY) is None


def test_a_payload_comes_back_as_it_was_sealed() -> None:
    note = FileNote(number=1, name="证明.pdf", media_type="application/pdf", size_bytes=9)
    payload = RecordPayload(
        fields={"name": "张小满", "n": 3, "ok": True, "of": ("a", "b")}, files=(note,)
    )

    assert RecordPayload.from_bytes(payload.to_bytes()) == payload


@pytest.mark.parametrize(
    "plain", [b"", b"[]", b"{}", b'{"fields":[],"files":[]}', b'{"fields":{},"files":[{}]}']
)
def test_a_malformed_payload_is_damage(plain: bytes) -> None:
    with pytest.raises(IntegrityError):
        RecordPayload.from_bytes(plain)


def test_a_profile_comes_back_as_it_was_sealed() -> None:
    profile = HolderProfile(
        name="张小满",
        number_kind=IdentifierKind.RESIDENT_ID,
        number="11010519000101001X",
        contact="+8613000000000",
    )

    assert HolderProfile.from_bytes(profile.to_bytes()) == profile
    assert "张小满" not in repr(profile)


@pytest.mark.parametrize(
    "plain", [b"", b"[]", b"{}", b'{"name":"","kind":"x","number":"","contact":""}']
)
def test_a_malformed_profile_is_damage(plain: bytes) -> None:
    with pytest.raises(IntegrityError):
        HolderProfile.from_bytes(plain)


def test_an_id_is_32_lower_case_digits() -> None:
    assert parse_id("00ff" * 8) == b"\x00\xff" * 8


@pytest.mark.parametrize(
    "text", ["", "00ff" * 7, "00FF" * 8, "00fg" * 8, "\uff10\uff10ff" * 8, "00ff" * 9]
)
def test_any_other_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_id(text)


def test_a_holder_belongs_to_one_shard_for_good() -> None:
    found = [space_of(holder, shards=16) for holder in (HOLDER_ID, OTHER_HOLDER_ID)]

    assert found == [space_of(holder, shards=16) for holder in (HOLDER_ID, OTHER_HOLDER_ID)]
    assert {space.log_id for space in found} <= set(range(16))
    assert space_of(HOLDER_ID, shards=1) == SPACE


def test_a_legal_day_begins_in_shanghai() -> None:
    starts = day_starts_ms(TODAY)

    assert instant(starts) == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert (legal_day(starts - 1), legal_day(starts)) == (date(2026, 11, 23), TODAY)


def test_the_machines_clock_counts_milliseconds() -> None:
    before = datetime.now(UTC)

    told = instant(SystemClock().now_ms())

    assert abs((told - before).total_seconds()) < 60


def test_errors_carry_what_the_caller_needs() -> None:
    step_up = StepUpRequiredError(acr="urn:myspace:acr:aal1", max_age_seconds=300)
    limited = RateLimitedError("too many tries", retry_after_seconds=60)

    assert (str(step_up), step_up.acr, step_up.max_age_seconds) == (
        "a stronger or fresher sign-in is needed",
        "urn:myspace:acr:aal1",
        300,
    )
    assert (str(limited), limited.retry_after_seconds) == ("too many tries", 60)
