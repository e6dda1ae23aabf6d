"""A pull: released only if permitted, logged and provable."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.catalogue import catalogue
from policies.scopes import View
from tests.support.spoiling import spoilt
from tests.support.world import Granted, World
from tests.support.world_values import FIELDS, HOUR, ITEM, MARKET, POLICE, PURPOSE, SCHOOL
from vault.cases import CaseState
from vault.clients import ClientStatus, Profile
from vault.crypto.envelope import Manifest
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    IntegrityError,
    JournalUnavailableError,
    KeyUnavailableError,
    NotFoundError,
    ReplayedError,
)
from vault.holders import HolderState
from vault.ids import ClientId
from vault.journal.entries import (
    Basis,
    By,
    Entry,
    Evidence,
    Kind,
    On,
    RequestTrace,
    Result,
)
from vault.journal.receipts import verify_receipt
from vault.journal.statements import verify_opening
from vault.masking import MASKS
from vault.notices import NoticeKind
from vault.records import RecordHead, RecordStatus
from vault.services.pull import Pull, complete_pull, prepare_pull, pull_evidence


def granted(world: World, *codes: str, **changes: Any) -> Granted:  # noqa: ANN401 - as details
    """Let the police deposit an identity card, and its holder consent."""
    world.deposit()
    return world.consent(*codes, **changes)


def world_head(world: World) -> RecordHead:
    """Return the only record of the usual person."""
    [head] = world.heads()
    return head


# Released.


def test_a_pull_releases_the_granted_fields_with_provenance(world: World) -> None:
    consent = granted(world)

    release = world.pull(consent)

    [head] = world.heads()
    fields = {name: FIELDS["ID01"][name] for name in ("name", "id_number", "valid_to")}
    assert (release.fields, release.head, release.view) == (fields, head, View.FULL)
    assert release.kind.code == "ID01"
    assert release.issuer is not None
    assert release.issuer.department_id == world.departments[POLICE]


def test_a_pull_is_an_entry_that_says_all_about_it(world: World) -> None:
    consent = granted(world)
    caller = replace(world.requester(consent), network="192.0.2.0/24", correlation="correlation-1")

    release = world.pull(consent, caller=caller)

    entry, [evidence] = world.last, world.last.evidence
    head = world_head(world)
    with world.vault.read() as tx:
        record = tx.records.version(head.ref)
    assert record is not None
    assert entry == Entry(
        entry_id=release.proof.receipt.entry_id,
        at_ms=world.clock.now_ms(),
        kind=Kind.PULL,
        basis=Basis.CONSENT,
        by=By(department=world.departments[MARKET], client=world.client_id(MARKET)),
        on=On(
            grant=consent.grant_id,
            grant_version=1,
            item=ITEM,
            case_no=consent.asked.case_no,
            purpose=PURPOSE,
        ),
        evidence=(
            Evidence(
                code="ID01",
                record=evidence.record,
                version=1,
                manifest=record.manifest.sha256,
                view="full",
                fields=("id_number", "name", "valid_to"),
            ),
        ),
        decision=entry.decision,
        request=RequestTrace(
            dpop_jkt="thumbprint",
            proof=sha256(b"proof").digest(),
            network="192.0.2.0/24",
            correlation="correlation-1",
        ),
    )
    assert entry.decision is not None
    assert (entry.decision.result, entry.decision.reasons) == (Result.PERMIT, ("consent",))
    assert evidence.record not in {None, head.record_id}


def test_receipt_opening_and_statement_of_a_release_belong_together(world: World) -> None:
    proof = world.pull(granted(world)).proof

    proven = verify_receipt(proof.receipt.to_text(), world.ports.policy)
    entry = verify_opening(proof.opening, leaf=proof.receipt.leaf, statement=proof.statement)

    assert entry == world.last
    assert proven.index == len(world.entries) - 1


def test_a_pull_is_counted_and_the_holder_is_told(world: World) -> None:
    consent = granted(world, "ID01", "LC01")

    world.pull(consent)
    world.pull(consent)

    assert world.used(consent) == {"ID01": 2, "LC01": 0}
    assert world.told[-2:] == [NoticeKind.ACCESS, NoticeKind.ACCESS]


def test_what_is_not_held_is_answered_and_journalled_as_such(world: World) -> None:
    consent = granted(world, "ID01", "LC01")

    release = world.pull(consent, "LC01")

    assert (release.head, release.issuer, release.fields) == (None, None, {})
    assert world.last.kind is Kind.PULL
    assert world.last.evidence == (Evidence(code="LC01", view="full", fields=("name", "uscc")),)
    assert world.used(consent) == {"ID01": 0, "LC01": 1}


def test_verify_says_that_it_is_held_and_opens_nothing(world: World) -> None:
    consent = granted(world)
    prepared = prepare_pull(
        world.vault, Pull(caller=world.requester(consent), code="ID01", view=View.VERIFY)
    )

    release = complete_pull(world.vault, prepared, world.journal.submit(prepared.operation))

    assert (release.head, release.fields) == (world_head(world), {})
    assert (prepared.record, prepared.operation.releases) == (None, ())
    [evidence] = world.last.evidence
    assert (evidence.view, evidence.fields, evidence.manifest) == ("verify", (), None)


def test_verify_tells_the_true_status_of_a_record_that_would_not_be_released(
    world: World,
) -> None:
    record = world.deposit()
    consent = world.consent()
    world.change_status(record.record_id, RecordStatus.REVOKED)

    release = world.pull(consent, view=View.VERIFY)

    assert release.head is not None
    assert release.head.status is RecordStatus.REVOKED


def test_summary_masks_what_is_not_public(world: World) -> None:
    world.deposit("LC04")
    consent = world.consent("LC04")

    release = world.pull(consent, "LC04")

    assert release.fields == {"location": "示范省示范市示范区***", "usage": "商业"}


def test_less_may_be_asked_for_than_was_granted(world: World) -> None:
    consent = granted(world)

    release = world.pull(consent, view=View.SUMMARY, fields=frozenset({"name"}))

    assert release.fields == {"name": "示**"}
    [evidence] = world.last.evidence
    assert (evidence.view, evidence.fields) == ("summary", ("name",))


def test_of_several_records_the_valid_one_answers(world: World) -> None:
    world.deposit(fields=FIELDS["ID01"] | {"name": "示例旧"})
    world.clock.advance(seconds=1)
    newer = world.deposit()
    world.change_status(newer.record_id, RecordStatus.CANCELLED)
    consent = world.consent()

    assert world.pull(consent).fields["name"] == "示例旧"


def test_a_record_whose_status_changed_and_came_back_opens_with_its_first_key(
    world: World,
) -> None:
    record = world.deposit()
    world.change_status(record.record_id, RecordStatus.SUSPENDED)
    world.change_status(record.record_id, RecordStatus.VALID, expected=2)
    consent = world.consent()

    release = world.pull(consent)

    assert release.fields["name"] == "示例甲"
    assert release.head is not None
    assert (release.head.version, release.head.payload_version) == (3, 1)


ALL = ("name", "id_number", "valid_to")


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    may=st.sets(st.sampled_from(ALL), min_size=1),
    asks=st.none() | st.sets(st.sampled_from(ALL)),
    granted_view=st.sampled_from(list(View)),
    view=st.sampled_from(list(View)),
)
def test_no_more_leaves_than_was_granted_and_asked_for(
    world: World, *, may: set[str], asks: set[str] | None, granted_view: View, view: View
) -> None:
    if world.find(world.person()) is None:
        world.deposit()
    consent = world.consent(views={"ID01": granted_view}, fields={"ID01": tuple(may)})
    asked = None if asks is None else frozenset(asks)
    covered = frozenset() if granted_view is View.VERIFY else frozenset(may)
    wanted = covered if asked is None and view is not View.VERIFY else asked or frozenset()
    if view > granted_view or not wanted <= covered or (view is View.VERIFY and wanted):
        with pytest.raises(AccessDeniedError):
            world.pull(consent, view=view, fields=asked)
        assert world.used(consent) == {"ID01": 0}
        return

    released = world.pull(consent, view=view, fields=asked).fields

    fields = catalogue()["ID01"].fields
    plain = FIELDS["ID01"]
    assert released == {
        name: plain[name] if view is View.FULL else MASKS[fields[name].mask](plain[name])
        for name in released
    }
    assert set(released) == (set() if view is View.VERIFY else wanted)


# Refused.


def close_case(world: World, consent: Granted) -> None:
    with world.vault.work() as tx:
        case = tx.cases.find(consent.asked.case_no)
        assert case is not None
        closed = replace(case, state=CaseState.CLOSED, version=2)
        tx.cases.replace(closed, expected=1)


def suspend_record(world: World, _consent: Granted) -> None:
    world.change_status(world_head(world).record_id, RecordStatus.SUSPENDED)


def let_record_lapse(world: World, _consent: Granted) -> None:
    world.revise(world_head(world).record_id, valid_to=date(2020, 1, 1))


Spoil = Callable[[World, Granted], object]

REFUSALS: dict[str, tuple[Spoil, dict[str, Any]]] = {
    "consent-closed": (lambda world, consent: world.revoke(consent), {}),
    "consent-expired": (lambda world, _: world.clock.advance(seconds=HOUR), {}),
    "evidence-not-consented": (lambda *_: None, {"code": "LC01"}),
    "uses-exhausted": (lambda world, consent: world.pull(consent), {}),
    "case-not-open": (close_case, {}),
    "client-not-active": (lambda world, _: world.suspend(), {}),
    "department-not-active": (lambda world, _: world.suspend_department(MARKET), {}),
    "profile-not-allowed": (lambda world, _: world.change_client(MARKET, profile=Profile.RS), {}),
    "item-not-registered": (
        lambda world, _: world.change_client(MARKET, service_items=frozenset()),
        {},
    ),
    "evidence-not-registered": (lambda world, _: world.change_client(MARKET, evidence={}), {}),
    "record-not-valid": (suspend_record, {}),
    "fields-with-verify": (
        lambda *_: None,
        {"view": View.VERIFY, "fields": frozenset({"name"})},
    ),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refused_pull_says_why_and_is_an_entry(world: World, reason: str) -> None:
    spoil, asked = REFUSALS[reason]
    consent = granted(world, uses=1)
    plain: dict[str, Any] = {
        "caller": world.requester(consent),
        "code": "ID01",
        "view": View.FULL,
    }
    pull = Pull(**(plain | asked))
    spoil(world, consent)
    used, told = world.used(consent), len(world.told)

    with pytest.raises(AccessDeniedError) as refused:
        pull_evidence(world.vault, pull)

    assert reason in refused.value.reasons
    entry = world.last
    assert entry.decision is not None
    assert (entry.kind, entry.basis) == (Kind.REFUSAL, Basis.CONSENT)
    assert (entry.decision.result, entry.decision.reasons) == (
        Result.DENY,
        refused.value.reasons,
    )
    assert [(one.code, one.record, one.manifest) for one in entry.evidence] == [
        (pull.code, None, None)
    ]
    assert world.used(consent) == used
    assert world.told[told:] == [NoticeKind.REFUSAL]


def test_a_pull_before_its_time_is_refused(world: World) -> None:
    world.deposit()
    consent = world.consent(starts_at=world.now() + 60)

    with pytest.raises(AccessDeniedError, match="consent-not-started"):
        world.pull(consent)
    world.clock.advance(seconds=60)

    assert world.pull(consent).fields["name"] == "示例甲"


def test_a_view_above_the_granted_one_is_refused(world: World) -> None:
    consent = granted(world, views={"ID01": View.SUMMARY})

    with pytest.raises(AccessDeniedError, match="view-not-consented"):
        world.pull(consent, view=View.FULL)


def test_a_field_that_was_not_granted_is_refused(world: World) -> None:
    consent = granted(world, fields={"ID01": ("name",)})

    with pytest.raises(AccessDeniedError, match="fields-not-consented"):
        world.pull(consent, fields=frozenset({"name", "id_number"}))


def test_a_record_out_of_its_dates_is_refused(world: World) -> None:
    consent = granted(world)
    let_record_lapse(world, consent)

    with pytest.raises(AccessDeniedError, match="record-not-valid"):
        world.pull(consent)


def test_a_token_reaches_no_further_than_it_was_issued_for(world: World) -> None:
    consent = granted(world, "ID01", "LC01")
    narrow = consent.asked.details.keep(frozenset({"LC01"})).to_json()
    caller = world.requester(consent)
    caller = replace(
        caller, live=replace(caller.live, token=replace(caller.live.token, details=narrow))
    )

    with pytest.raises(AccessDeniedError, match="evidence-not-consented"):
        world.pull(consent, caller=caller)


def test_a_consent_of_another_client_is_as_if_it_were_not_there(world: World) -> None:
    consent = granted(world)
    foreign = world.caller(SCHOOL)
    live = replace(
        foreign.live,
        token=replace(consent.token, client_id=ClientId("school-system")),
        consent=world.consent_row(consent),
    )

    with pytest.raises(NotFoundError):
        world.pull(consent, caller=replace(foreign, live=live))

    assert world.last.kind is Kind.REFUSAL
    assert world.last.decision is not None
    assert "consent-of-other-client" in world.last.decision.reasons


def test_a_credit_record_after_its_window_is_not_held(world: World) -> None:
    record = world.deposit(served_until=date(2030, 1, 1))
    consent = world.consent()
    world.change_status(record.record_id, RecordStatus.VALID, served_until=date(2026, 1, 1))

    release = world.pull(consent)

    assert (release.head, release.fields) == (None, {})


def test_a_proof_is_good_for_one_pull(world: World) -> None:
    consent = granted(world, uses=2)
    claim = world.claim()
    world.pull(consent, caller=world.requester(consent, claim=claim))

    with pytest.raises(ReplayedError):
        world.pull(consent, caller=world.requester(consent, claim=claim))

    assert world.last.decision is not None
    assert world.last.decision.reasons == ("proof-replayed",)
    assert world.used(consent) == {"ID01": 1}


def test_a_refusal_spends_the_proof_too(world: World) -> None:
    consent = granted(world)
    claim = world.claim()
    with pytest.raises(AccessDeniedError):
        world.pull(consent, "LC01", caller=world.requester(consent, claim=claim))

    with pytest.raises(ReplayedError):
        world.pull(consent, caller=world.requester(consent, claim=claim))


def test_what_is_no_evidence_is_not_found_and_not_journalled(world: World) -> None:
    consent = granted(world)
    before = len(world.entries)

    with pytest.raises(NotFoundError):
        world.pull(consent, "XX99")

    assert len(world.entries) == before


def test_a_token_without_a_consent_reaches_nothing(world: World) -> None:
    consent = granted(world)
    before = len(world.entries)

    with pytest.raises(AccessDeniedError, match="no-basis"):
        world.pull(consent, caller=world.caller(MARKET))

    assert len(world.entries) == before


def test_nothing_is_decided_without_policies_in_force(world: World) -> None:
    consent = granted(world)
    with world.spoiling() as rows:
        rows.pointer.clear()

    with pytest.raises(KeyUnavailableError):
        world.pull(consent)


# Between the decision and the lock.


def test_a_revocation_just_before_the_lock_wins(world: World) -> None:
    consent = granted(world)
    world.journal.just_before_the_lock(lambda: world.revoke(consent))

    with pytest.raises(AccessDeniedError, match="consent-closed"):
        world.pull(consent)

    assert world.kinds[-2:] == [Kind.CONSENT_REVOKE, Kind.REFUSAL]
    assert world.used(consent) == {"ID01": 0}


def test_a_suspension_just_before_the_lock_wins(world: World) -> None:
    consent = granted(world)
    world.journal.just_before_the_lock(world.suspend)

    with pytest.raises(AccessDeniedError, match="client-not-active"):
        world.pull(consent)

    assert world.kinds[-2:] == [Kind.CLIENT_SUSPEND, Kind.REFUSAL]


def test_the_end_of_a_consent_just_before_the_lock_counts(world: World) -> None:
    consent = granted(world)
    world.journal.just_before_the_lock(lambda: world.clock.advance(seconds=HOUR))

    with pytest.raises(AccessDeniedError, match="consent-expired"):
        world.pull(consent)


def test_the_last_use_taken_just_before_the_lock_is_gone(world: World) -> None:
    consent = granted(world, uses=1)
    world.journal.just_before_the_lock(lambda: world.pull(consent))

    with pytest.raises(AccessDeniedError, match="uses-exhausted"):
        world.pull(consent)

    assert world.kinds[-2:] == [Kind.PULL, Kind.REFUSAL]
    assert world.used(consent) == {"ID01": 1}


def test_a_revision_just_before_the_lock_is_what_is_released(world: World) -> None:
    consent = granted(world)
    record_id = world_head(world).record_id
    world.journal.just_before_the_lock(
        lambda: world.revise(record_id, fields=FIELDS["ID01"] | {"name": "示例新"})
    )

    release = world.pull(consent)

    assert release.fields["name"] == "示例新"
    assert world.kinds[-2:] == [Kind.VERSION, Kind.PULL]
    assert world.last.evidence[0].version == 2
    assert world.used(consent) == {"ID01": 1}


def test_a_record_suspended_just_before_the_lock_is_not_released(world: World) -> None:
    consent = granted(world)
    world.journal.just_before_the_lock(lambda: suspend_record(world, consent))

    with pytest.raises(AccessDeniedError, match="record-not-valid"):
        world.pull(consent)


def test_a_record_that_never_stands_still_is_given_up_and_nothing_is_released(
    world: World,
) -> None:
    consent = granted(world)
    record_id = world_head(world).record_id

    def revise_again() -> None:
        world.revise(record_id, expected=world_head(world).version)
        world.journal.just_before_the_lock(revise_again)

    world.journal.just_before_the_lock(revise_again)

    with pytest.raises(ConflictError):
        world.pull(consent)

    assert Kind.PULL not in world.kinds
    assert world.used(consent) == {"ID01": 0}


def test_a_consent_narrowed_just_before_the_lock_releases_what_is_left_of_it(
    world: World,
) -> None:
    consent = granted(world)
    narrow = world.details(fields={"ID01": ("name",)}, ends_at=consent.asked.details.ends_at)
    narrow = replace(narrow, starts_at=consent.asked.details.starts_at)
    world.journal.just_before_the_lock(lambda: world.narrow(consent, narrow))

    released = world.pull(consent)

    assert released.fields == {"name": "示例甲"}
    assert world.kinds.count(Kind.PULL) == 1


def test_a_pull_is_never_journalled_under_a_version_that_is_past(world: World) -> None:
    consent = granted(world)
    details = consent.asked.details
    shorter = replace(details, ends_at=details.ends_at - 60)  # The same fields as before.
    world.journal.just_before_the_lock(lambda: world.narrow(consent, shorter))

    world.pull(consent)

    assert world.kinds.count(Kind.PULL) == 1
    assert world.last.on is not None
    assert world.last.on.grant_version == 2


def erase(world: World, consent: Granted) -> None:
    with world.spoiling() as rows:
        holder = rows.holders[consent.space]
        rows.holders[consent.space] = replace(holder, state=HolderState.ERASED, version=2)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [(close_case, AccessDeniedError), (erase, NotFoundError)],
    ids=["case closed", "holder erased"],
)
def test_a_row_that_changed_just_before_the_lock_counts(
    world: World, spoil: Spoil, error: type[Exception]
) -> None:
    consent = granted(world)
    world.journal.just_before_the_lock(lambda: spoil(world, consent))

    with pytest.raises(error):
        world.pull(consent)

    assert world.last.kind is Kind.REFUSAL
    assert world.used(consent) == {"ID01": 0}


def test_a_consent_that_is_gone_under_the_lock_is_not_found(world: World) -> None:
    consent = granted(world)

    def destroy() -> None:
        with world.spoiling() as rows:
            del rows.consents[consent.grant_id]

    world.journal.just_before_the_lock(destroy)

    with pytest.raises(NotFoundError):
        world.pull(consent)


# What fails.


def test_no_journal_no_answer(world: World) -> None:
    consent = granted(world)
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        world.pull(consent)

    assert Kind.PULL not in world.kinds
    assert world.used(consent) == {"ID01": 0}


def test_what_was_committed_is_opened_once(world: World) -> None:
    consent = granted(world)
    prepared = prepare_pull(
        world.vault, Pull(caller=world.requester(consent), code="ID01", view=View.FULL)
    )
    outcome = world.journal.submit(prepared.operation)
    complete_pull(world.vault, prepared, outcome)

    with pytest.raises(KeyUnavailableError):
        complete_pull(world.vault, prepared, outcome)


@pytest.mark.parametrize("rehashed", [False, True])
def test_a_payload_that_was_altered_is_not_shown_and_the_pull_stays_journalled(
    world: World, *, rehashed: bool
) -> None:
    consent = granted(world)
    with world.spoiling() as rows:
        [(ref, record)] = rows.versions.items()
        sealed = spoilt(record.sealed)
        manifest = Manifest.of(sealed) if rehashed else record.manifest
        rows.versions[ref] = replace(record, sealed=sealed, manifest=manifest)

    with pytest.raises(IntegrityError):
        world.pull(consent)

    assert world.last.kind is Kind.PULL
    assert world.used(consent) == {"ID01": 1}


@pytest.mark.parametrize(
    "changes", [{"length": 1}, {"sha256": bytes(32)}, {"commitment": bytes(32)}], ids=str
)
def test_a_manifest_that_was_altered_is_noticed(world: World, changes: dict[str, Any]) -> None:
    consent = granted(world)
    with world.spoiling() as rows:
        [(ref, record)] = rows.versions.items()
        altered = replace(record.manifest, **changes)
        rows.versions[ref] = replace(record, manifest=altered)

    with pytest.raises(IntegrityError, match="not what was deposited"):
        world.pull(consent)


def test_a_version_that_says_something_else_than_its_head_is_not_opened(world: World) -> None:
    """The head is guarded; what it names has to bear it out."""
    consent = granted(world)
    with world.spoiling() as rows:
        [(ref, record)] = rows.versions.items()
        rows.versions[ref] = replace(record, head=replace(record.head, updated_at_ms=1))

    with pytest.raises(IntegrityError, match="not what its head says"):
        world.pull(consent)


def test_a_payload_of_another_record_does_not_open(world: World) -> None:
    consent = granted(world)
    world.deposit(fields=FIELDS["ID01"] | {"name": "示例丙"}, number=world.person(2))
    with world.spoiling() as rows:
        (one, mine), (other, theirs) = rows.versions.items()
        rows.versions[one] = replace(theirs, head=mine.head)
        rows.versions[other] = replace(mine, head=theirs.head)

    with pytest.raises(IntegrityError):
        world.pull(consent)


def test_a_key_of_another_record_does_not_open(world: World) -> None:
    consent = granted(world)
    world.deposit(number=world.person(2))
    with world.spoiling() as rows:
        (one, mine), (other, theirs) = rows.record_keys.items()
        rows.record_keys[one] = replace(mine, wrap=theirs.wrap)
        rows.record_keys[other] = replace(theirs, wrap=mine.wrap)

    with pytest.raises(IntegrityError):
        world.pull(consent)

    assert world.last.kind is Kind.PULL


def test_a_holder_s_key_that_is_gone_releases_nothing(world: World) -> None:
    consent = granted(world)
    with world.spoiling() as rows:
        for name in [one for one in rows.holder_keys if one.purpose.value == "holder-data-key"]:
            del rows.holder_keys[name]

    with pytest.raises(IntegrityError):
        world.pull(consent)

    assert Kind.PULL not in world.kinds


def test_a_suspended_client_that_goes_on_pulls_again(world: World) -> None:
    consent = granted(world)
    world.suspend()
    world.change_client(MARKET, status=ClientStatus.ACTIVE)

    assert world.pull(consent).fields["name"] == "示例甲"
