"""Deposits: what an issuing department may put where, and that it is all there or not at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest

from policies.catalogue import catalogue
from policies.fields import Kind as FieldKind
from tests.support.world import World
from tests.support.world_values import FIELDS, MARKET, POLICE, SCHOOL
from vault.clients import ClientStatus, Profile
from vault.crypto.contexts import Purpose
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    JournalUnavailableError,
    NotFoundError,
    ReplayedError,
    StorageError,
    TooLargeError,
    UnsupportedFileError,
)
from vault.holders import HolderKind, HolderState
from vault.identifiers import IdentifierKind, parse
from vault.ids import RecordId
from vault.journal.entries import Basis, By, Entry, Evidence, Kind, RequestTrace, StateChange
from vault.journal.receipts import verify_receipt
from vault.notices import NoticeKind
from vault.records import RecordHead, RecordStatus, SealedRecord, TrustGrade, VersionRef
from vault.services.checking import checked
from vault.services.deposit import Deposit, deposit
from vault.services.entry_keys import held
from vault.services.open_space import profile_of
from vault.services.own_space import own_space
from vault.services.read_own import read_own_record
from vault.services.sealing import Incoming

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def a_scan(name: str = "scan.pdf", content: bytes = PDF) -> Incoming:
    return Incoming(name=name, content=BytesIO(content))


def record(world: World, ref: VersionRef) -> SealedRecord:
    with world.vault.read() as tx:
        found = tx.records.version(ref)
    assert found is not None
    return found


# A deposit that is permitted.


def test_a_deposit_is_in_the_space_with_what_the_issuer_said_of_it(world: World) -> None:
    done = world.deposit(valid_from=date(2020, 1, 1), valid_to=date(2040, 1, 1))

    assert (done.version, len(done.record_id)) == (1, 16)
    assert world.heads() == (
        RecordHead(
            space=world.space(),
            record_id=done.record_id,
            version=1,
            payload_version=1,
            code="ID01",
            department_id=world.departments[POLICE],
            status=RecordStatus.VALID,
            trust_grade=TrustGrade.A,
            valid_from=date(2020, 1, 1),
            valid_to=date(2040, 1, 1),
            served_until=None,
            updated_at_ms=world.clock.now_ms(),
        ),
    )
    payload = read_own_record(world.vault, world.member(), done.record_id).payload
    assert (payload.fields, payload.files) == (FIELDS["ID01"], ())


def test_a_deposit_is_an_entry_that_says_all_about_it(world: World) -> None:
    world.deposit("LC04")  # The space is there.

    done = world.deposit(caller=world.caller(request_id="request-1"))

    entry, [evidence] = world.last, world.last.evidence
    kept = record(world, VersionRef(world.space(), done.record_id, 1))
    assert entry == Entry(
        entry_id=done.receipt.entry_id,
        at_ms=world.clock.now_ms(),
        kind=Kind.DEPOSIT,
        basis=Basis.SYSTEM,
        by=By(department=world.departments[POLICE], client=world.client_id(POLICE)),
        evidence=(
            Evidence(
                code="ID01", record=evidence.record, version=1, manifest=kept.manifest.sha256
            ),
        ),
        decision=entry.decision,
        change=StateChange(object="record", id=done.record_id.hex(), became="01", version=1),
        request=RequestTrace(
            request_id="request-1",
            dpop_jkt="thumbprint",
            proof=sha256(b"proof").digest(),
            network="192.0.2.0/24",
            correlation="correlation-1",
        ),
    )
    assert evidence.record not in {None, done.record_id}
    verify_receipt(done.receipt.to_text(), world.ports.policy)
    assert world.told == [NoticeKind.RECORD, NoticeKind.RECORD]


def test_nothing_of_a_payload_lies_in_clear(world: World) -> None:
    done = world.deposit(files=[a_scan("secret name.pdf", PDF + b"secret content")])

    kept = record(world, VersionRef(world.space(), done.record_id, 1))
    assert world.ports.memory is not None
    everything = repr(world.ports.memory.rows) + kept.sealed.decode("latin-1")
    for secret in ("示例甲", FIELDS["ID01"]["id_number"], "secret name"):
        assert secret not in everything
    [file] = kept.files
    assert b"secret content" not in world.vault.blobs.read(file.object_key, offset=0, length=9999)


def test_files_are_sealed_and_noted_in_the_payload(world: World) -> None:
    files = [a_scan("正面.pdf", PDF + b"front"), a_scan("back.png", PNG + b"back")]

    done = world.deposit(fields=FIELDS["ID01"] | {"portrait": "file:2"}, files=files)

    payload = read_own_record(world.vault, world.member(), done.record_id).payload
    assert [(one.number, one.name, one.media_type, one.size_bytes) for one in payload.files] == [
        (1, "正面.pdf", "application/pdf", len(PDF) + 5),
        (2, "back.png", "image/png", len(PNG) + 4),
    ]
    kept = record(world, VersionRef(world.space(), done.record_id, 1))
    assert [one.number for one in kept.files] == [1, 2]


# The space.


def test_the_first_deposit_opens_the_space_as_an_entry_of_its_own(world: World) -> None:
    before = len(world.entries)

    done = world.deposit(holder_name="示例甲", contact="+8613000000000")

    space = world.space()
    with world.vault.read() as tx:
        holder, keys = tx.holders.get(space), tx.holders.keys(space)
    assert holder is not None
    assert (holder.kind, holder.state, holder.version) == (
        HolderKind.PERSON,
        HolderState.ACTIVE,
        1,
    )
    profile = profile_of(world.vault, holder, data_key=held(keys, Purpose.HOLDER_DATA_KEY))
    assert (profile.name, profile.contact) == ("示例甲", "+8613000000000")
    assert (profile.number_kind, profile.number) == (world.person().kind, world.person().value)
    assert world.kinds[before:] == [Kind.HOLDER_OPENED, Kind.DEPOSIT]
    assert world.entries[before].change == StateChange(
        object="holder", id=space.holder_id.hex(), became="active", version=1
    )
    assert done.receipt.index == before + 1


def test_a_second_deposit_finds_the_space(world: World) -> None:
    world.deposit()
    space = world.space()

    world.deposit("LC04")

    assert world.space() == space
    assert world.kinds[-1] is Kind.DEPOSIT
    assert len(world.heads()) == 2


def test_an_organisation_is_found_by_the_code_inside_its_number_too(world: World) -> None:
    org = world.organisation()
    world.deposit("LC01", number=org, fields=FIELDS["LC01"] | {"uscc": org.value})
    inner = parse(
        IdentifierKind.ORGANISATION_CODE,
        str(org.parts["org_code"]),
        today=date(2026, 11, 18),
    )

    assert world.find(inner) == world.find(org)
    assert own_space(world.vault, world.member(org)).holder.kind is HolderKind.ORGANISATION


def test_what_is_not_known_yet_is_added_to_a_profile_and_overwritten_never(
    world: World,
) -> None:
    world.deposit()
    world.deposit("LC04", contact="+8613000000000")
    world.deposit("MT04", holder_name="示例甲", contact="later")
    world.deposit("LC01", holder_name="another")

    profile = own_space(world.vault, world.member()).profile
    assert (profile.name, profile.contact) == ("示例甲", "+8613000000000")
    assert world.kinds.count(Kind.HOLDER_CHANGED) == 2
    [first, second] = [one for one in world.entries if one.kind is Kind.HOLDER_CHANGED]
    assert (first.change, second.change) == tuple(
        StateChange(
            object="holder",
            id=world.space().holder_id.hex(),
            came_from="active",
            became="active",
            version=version,
        )
        for version in (2, 3)
    )


def test_two_first_deposits_at_once_meet_in_one_space(world: World) -> None:
    world.journal.just_before_the_lock(lambda: world.deposit("LC04"))

    world.deposit()

    assert {head.code for head in world.heads()} == {"ID01", "LC04"}
    assert world.kinds.count(Kind.HOLDER_OPENED) == 1


def test_a_stranger_opens_no_space(world: World) -> None:
    before = len(world.entries)

    with pytest.raises(AccessDeniedError, match="issue-not-registered"):
        world.deposit(caller=world.caller(MARKET))

    assert world.find(world.person()) is None
    assert world.kinds[before:] == [Kind.REFUSAL]
    assert world.last.evidence == (Evidence(code="ID01"),)
    assert world.last.by == By(
        department=world.departments[MARKET], client=world.client_id(MARKET)
    )


# Refused.


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": ClientStatus.SUSPENDED}, "client-not-active"),
        ({"issue_codes": frozenset({"LC04"})}, "issue-not-registered"),
        ({"scopes": frozenset({"cases:write"})}, "no-basis"),
        ({"profile": Profile.RS}, "profile-not-allowed"),
    ],
    ids=["suspended", "not its evidence", "no scope", "resource server"],
)
def test_a_client_that_may_not_issue_is_refused_alike_for_known_and_unknown_numbers(
    world: World, changes: dict[str, Any], reason: str, *, known: bool
) -> None:
    if known:
        world.deposit("LC04")
    world.change_client(POLICE, **changes)
    before, heads = len(world.entries), world.heads() if known else ()

    with pytest.raises(AccessDeniedError, match=reason):
        world.deposit(holder_name="示例甲")

    assert world.kinds[before:] == [Kind.REFUSAL]
    assert world.last.evidence == (Evidence(code="ID01"),)
    assert world.last.change is None
    assert (world.heads() if known else ()) == heads
    assert world.ports.memory is not None
    assert not world.ports.memory.rows.intents


def test_a_suspended_department_issues_nothing(world: World) -> None:
    world.suspend_department(POLICE)

    with pytest.raises(AccessDeniedError, match="department-not-active"):
        world.deposit()


def test_evidence_of_persons_is_not_put_into_the_space_of_an_organisation(world: World) -> None:
    with pytest.raises(AccessDeniedError, match="evidence-of-persons"):
        world.deposit(number=world.organisation())

    assert world.find(world.organisation()) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fields": FIELDS["ID01"] | {"shoe_size": "42"}}, "shoe_size"),
        ({"fields": {k: v for k, v in FIELDS["ID01"].items() if k != "name"}}, "name"),
        ({"fields": FIELDS["ID01"] | {"birth_date": "1900-02-30"}}, "birth_date"),
        ({"fields": FIELDS["ID01"] | {"portrait": "file:1"}}, "portrait"),
        ({"valid_from": date(2026, 1, 2), "valid_to": date(2026, 1, 1)}, "valid_to"),
        ({"code": "XX99"}, "code"),
    ],
    ids=["unknown field", "missing", "no date", "no file", "ends first", "no type"],
)
def test_what_does_not_fit_the_catalogue_is_refused_before_anything_happens(
    world: World, changes: dict[str, Any], field: str
) -> None:
    before = len(world.entries)
    asked = Deposit(
        caller=world.caller(), number=world.person(), evidence=world.evidence(**changes)
    )

    with pytest.raises(InvalidInputError) as refused:
        deposit(world.vault, asked)

    assert refused.value.field == field
    assert (len(world.entries), world.find(world.person())) == (before, None)


def test_evidence_that_is_not_offered_yet_is_not_taken(world: World) -> None:
    fields = {
        name: "2026-01-01" if one.kind is FieldKind.DATE else "示例"
        for name, one in catalogue()["LC11"].fields.items()
        if one.required
    }

    with pytest.raises(InvalidInputError, match="not offered yet") as refused:
        checked(world.evidence("LC11", fields=fields))

    assert refused.value.field == "code"


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (a_scan(content=b"MZ\x90\x00"), UnsupportedFileError),
        (a_scan(content=b""), UnsupportedFileError),
        (a_scan(name="../scan.pdf"), InvalidInputError),
        (a_scan(name=""), InvalidInputError),
    ],
    ids=["a program", "empty", "a path", "no name"],
)
def test_a_file_that_may_not_be_kept_is_refused_and_nothing_is_deposited(
    world: World, file: Incoming, error: type[Exception]
) -> None:
    with pytest.raises(error):
        world.deposit(files=[a_scan(), file])

    assert world.heads() == ()
    assert Kind.DEPOSIT not in world.kinds


def test_there_is_a_greatest_number_of_files(world: World) -> None:
    with pytest.raises(InvalidInputError, match="at most 20 files"):
        world.deposit(files=[a_scan(f"{n}.pdf") for n in range(21)])


def test_a_file_over_the_limit_is_refused(world: World) -> None:
    vault = replace(world.vault, max_file_bytes=len(PDF))
    world.vault = vault
    world.deposit("LC04", files=[a_scan()])

    with pytest.raises(TooLargeError):
        world.deposit(files=[a_scan(content=PDF + b"x")])

    assert [head.code for head in world.heads()] == ["LC04"]


# Revisions.


def test_a_revision_is_a_new_version_under_a_key_of_its_own(world: World) -> None:
    first = world.deposit(files=[a_scan()])
    world.clock.advance(seconds=5)

    done = world.revise(first.record_id, fields=FIELDS["ID01"] | {"name": "示例新"})

    [head] = world.heads()
    assert (done.record_id, done.version) == (first.record_id, 2)
    assert (head.version, head.payload_version, head.updated_at_ms) == (
        2,
        2,
        world.clock.now_ms(),
    )
    assert world.last.kind is Kind.VERSION
    assert world.last.change == StateChange(
        object="record", id=first.record_id.hex(), came_from="01", became="01", version=2
    )
    read = read_own_record(world.vault, world.member(), first.record_id)
    assert (read.payload.fields["name"], read.payload.files) == ("示例新", ())
    old = record(world, VersionRef(world.space(), first.record_id, 1))
    assert len(old.files) == 1


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_revision_follows_the_newest_version(world: World, expected: int) -> None:
    first = world.deposit()
    before = len(world.entries)

    with pytest.raises(ConflictError):
        world.revise(first.record_id, expected=expected)

    assert (world.heads()[0].version, len(world.entries)) == (1, before)


def test_of_two_revisions_at_once_one_wins(world: World) -> None:
    first = world.deposit()
    world.journal.just_before_the_lock(lambda: world.revise(first.record_id))

    with pytest.raises(ConflictError):
        world.revise(first.record_id, fields=FIELDS["ID01"] | {"name": "late"})

    assert (
        read_own_record(world.vault, world.member(), first.record_id).payload.fields
        == (FIELDS["ID01"])
    )


def test_a_record_that_is_not_there_cannot_be_revised(world: World) -> None:
    before = len(world.entries)

    with pytest.raises(NotFoundError):
        world.revise(RecordId(bytes(16)))

    assert len(world.entries) == before


def test_a_record_of_another_department_is_as_if_it_were_not_there(world: World) -> None:
    first = world.deposit()

    with pytest.raises(NotFoundError):
        world.revise(first.record_id, caller=world.caller(SCHOOL))

    assert world.last.kind is Kind.REFUSAL
    assert world.last.decision is not None
    assert world.last.decision.reasons == ("record-of-other-department",)
    assert world.heads()[0].version == 1


def test_a_record_stays_what_it_is(world: World) -> None:
    first = world.deposit()

    with pytest.raises(AccessDeniedError, match="record-of-other-type"):
        world.revise(first.record_id, code="LC04")

    assert world.heads()[0].code == "ID01"


# Changes of status.


def test_a_change_of_status_carries_the_payload_on_unopened(world: World) -> None:
    first = world.deposit(valid_to=date(2040, 1, 1), files=[a_scan()])
    [before] = world.heads()
    world.clock.advance(seconds=5)

    done = world.change_status(first.record_id, RecordStatus.SUSPENDED)

    [head] = world.heads()
    assert head == replace(
        before, version=2, status=RecordStatus.SUSPENDED, updated_at_ms=world.clock.now_ms()
    )
    assert (done.record_id, done.version) == (first.record_id, 2)
    assert world.last.kind is Kind.STATUS
    assert [(one.version, one.manifest) for one in world.last.evidence] == [(2, None)]
    assert world.last.change == StateChange(
        object="record", id=first.record_id.hex(), came_from="01", became="02", version=2
    )
    assert world.told == [NoticeKind.RECORD, NoticeKind.RECORD]


def test_a_credit_record_can_be_shown_to_others_until_another_day(world: World) -> None:
    first = world.deposit(served_until=date(2030, 1, 1))

    world.change_status(first.record_id, RecordStatus.VALID, served_until=date(2026, 1, 1))
    world.change_status(first.record_id, RecordStatus.LAPSED, expected=2)

    assert world.heads()[0].served_until == date(2026, 1, 1)


@pytest.mark.parametrize("expected", [0, 2])
def test_a_change_of_status_follows_the_newest_version(world: World, expected: int) -> None:
    first = world.deposit()

    with pytest.raises(ConflictError):
        world.change_status(first.record_id, RecordStatus.REVOKED, expected=expected)

    assert world.heads()[0].status is RecordStatus.VALID


def test_a_revision_just_before_a_change_of_status_wins(world: World) -> None:
    first = world.deposit()
    world.journal.just_before_the_lock(lambda: world.revise(first.record_id))

    with pytest.raises(ConflictError):
        world.change_status(first.record_id, RecordStatus.REVOKED)

    assert (world.heads()[0].version, world.heads()[0].status) == (2, RecordStatus.VALID)


def test_the_status_of_a_record_that_is_not_there_cannot_change(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.change_status(RecordId(bytes(16)), RecordStatus.REVOKED)


def test_the_status_of_another_department_s_record_cannot_be_changed(world: World) -> None:
    first = world.deposit()

    with pytest.raises(NotFoundError):
        world.change_status(first.record_id, RecordStatus.REVOKED, caller=world.caller(SCHOOL))

    assert world.last.kind is Kind.REFUSAL
    assert world.heads()[0].status is RecordStatus.VALID


def test_a_record_that_vanishes_under_the_lock_is_not_found(world: World) -> None:
    first = world.deposit()

    def destroy() -> None:
        with world.spoiling() as rows:
            rows.heads.clear()

    world.journal.just_before_the_lock(destroy)

    with pytest.raises(NotFoundError):
        world.change_status(first.record_id, RecordStatus.REVOKED)


# Asked twice, shown twice.


Act = Callable[[World, str | None, Any], Any]

ACTS: dict[str, Act] = {
    "deposit": lambda world, request, claim: world.deposit(
        caller=world.caller(request_id=request, claim=claim)
    ),
    "revise": lambda world, request, claim: world.revise(
        world.heads()[0].record_id, caller=world.caller(request_id=request, claim=claim)
    ),
    "status": lambda world, request, claim: world.change_status(
        world.heads()[0].record_id,
        RecordStatus.REVOKED,
        caller=world.caller(request_id=request, claim=claim),
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_the_same_request_again_is_answered_alike_and_changes_nothing(
    world: World, act: str
) -> None:
    world.deposit()
    first = ACTS[act](world, "request-1", None)
    before, heads = len(world.entries), world.heads()

    again = ACTS[act](world, "request-1", None)

    assert (again.record_id, again.version) == (first.record_id, first.version)
    assert again.receipt.index == first.receipt.index
    verify_receipt(again.receipt.to_text(), world.ports.policy)
    assert (len(world.entries), world.heads()) == (before, heads)


def test_a_request_id_stands_for_what_was_asked_with_it(world: World) -> None:
    world.deposit(caller=world.caller(request_id="request-1"))

    with pytest.raises(ConflictError):
        world.deposit("LC04", caller=world.caller(request_id="request-1"))
    with pytest.raises(ConflictError):
        world.deposit(
            fields=FIELDS["ID01"] | {"name": "other"}, caller=world.caller(request_id="request-1")
        )

    assert [head.code for head in world.heads()] == ["ID01"]


def test_a_request_id_stands_for_the_content_of_its_files(world: World) -> None:
    first = world.deposit(files=[a_scan()], caller=world.caller(request_id="request-1"))

    other = a_scan(content=PDF + b"another scan")
    with pytest.raises(ConflictError):
        world.deposit(files=[other], caller=world.caller(request_id="request-1"))
    again = world.deposit(files=[a_scan()], caller=world.caller(request_id="request-1"))

    assert again.record_id == first.record_id


def test_a_request_that_was_refused_may_be_made_again(world: World) -> None:
    world.deposit("LC04")
    world.change_client(POLICE, status=ClientStatus.SUSPENDED)
    with pytest.raises(AccessDeniedError):
        world.deposit(caller=world.caller(request_id="request-1"))
    world.change_client(POLICE, status=ClientStatus.ACTIVE)

    world.deposit(caller=world.caller(request_id="request-1"))

    assert {head.code for head in world.heads()} == {"ID01", "LC04"}


@pytest.mark.parametrize("act", ACTS)
def test_a_proof_that_was_shown_before_changes_nothing(world: World, act: str) -> None:
    world.deposit()
    claim = world.claim()
    world.deposit("LC04", caller=world.caller(claim=claim))
    heads = world.heads()

    with pytest.raises(ReplayedError):
        ACTS[act](world, None, claim)

    assert world.heads() == heads
    assert world.last.kind is Kind.REFUSAL


def test_a_proof_that_was_shown_before_opens_no_space_and_completes_no_profile(
    world: World,
) -> None:
    claim = world.claim()
    world.deposit(caller=world.caller(claim=claim))

    with pytest.raises(ReplayedError):
        world.deposit(caller=world.caller(claim=claim), contact="+8613000000009")
    with pytest.raises(ReplayedError):
        world.deposit(caller=world.caller(claim=claim), number=world.person(2))

    assert own_space(world.vault, world.member()).profile.contact == ""
    assert world.find(world.person(2)) is None


# What fails.


@pytest.mark.parametrize("act", ACTS)
def test_what_cannot_be_journalled_is_not_done(world: World, act: str) -> None:
    world.deposit()
    before, heads = len(world.entries), world.heads()
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        ACTS[act](world, None, None)

    assert (len(world.entries), world.heads()) == (before, heads)


def test_a_space_that_cannot_be_journalled_is_not_opened(world: World) -> None:
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        world.deposit()

    assert world.find(world.person()) is None


def test_rights_that_end_just_before_the_lock_end_the_deposit(world: World) -> None:
    world.deposit("LC04")
    world.journal.just_before_the_lock(lambda: world.suspend(POLICE))

    with pytest.raises(AccessDeniedError, match="client-not-active"):
        world.deposit()

    assert [head.code for head in world.heads()] == ["LC04"]


def test_rights_that_come_just_before_the_lock_come_too_late_for_this_one(world: World) -> None:
    world.deposit("LC04")
    world.change_client(POLICE, issue_codes=frozenset({"LC04"}))
    caller = world.caller()
    world.journal.just_before_the_lock(
        lambda: world.change_client(POLICE, issue_codes=frozenset({"ID01"}))
    )

    with pytest.raises(ConflictError):
        world.deposit(caller=caller)

    assert [head.code for head in world.heads()] == ["LC04"]


def test_a_file_that_is_not_written_whole_is_not_deposited(world: World) -> None:
    class Short:
        """Sealed files on a disk that loses the end of them."""

        def __init__(self, world: World) -> None:
            self._blobs = world.vault.blobs

        def write(self, space: Any, *, chunks: Any, now_ms: int) -> tuple[str, int]:  # noqa: ANN401 - the port's
            key, length = self._blobs.write(space, chunks=chunks, now_ms=now_ms)
            return key, length - 1

    world.vault = replace(world.vault, blobs=Short(world))  # type: ignore[arg-type]  # only writes

    with pytest.raises(StorageError):
        world.deposit(files=[a_scan()])

    assert world.heads() == ()
