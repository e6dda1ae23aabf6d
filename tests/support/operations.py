"""Operations for tests of the journal; each says only what differs."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from policies.access import Permit, decide
from policies.requests import Action
from tests.support.access import PERMITTED, changed
from tests.support.crypto import VAULT_ID
from tests.support.journal_values import entry_keys
from tests.support.ports import LOG_ID, Ports
from tests.support.vault_values import (
    CLIENT_ID,
    DEPARTMENT_ID,
    ENTRY_ID,
    GRANT_ID,
    MANDATE_ID,
    RECORD_ID,
    SPACE,
    a_case,
    a_client,
    a_consent,
    a_department,
    a_holder,
    a_key,
    a_mandate,
    a_passkey,
    a_record,
    a_use,
    an_appointment,
    holder_keys,
    record_key,
)
from vault.crypto.contexts import Purpose
from vault.crypto.suites import Suite
from vault.ids import EntryId, Space
from vault.journal.entries import Basis, By, Entry, Evidence, Kind, Result, Verdict
from vault.journal.operations import (
    Change,
    Committed,
    Decided,
    Decision,
    Disclosure,
    Guarded,
    Outcome,
    Refused,
    Request,
    Seen,
)
from vault.journal.sealing import EntryKeys, open_decision_inputs, open_entry
from vault.ports import KeptEntry, Tx

_ASKED = PERMITTED[Action.PULL]

PERMIT = Decided(decision=decide(_ASKED), seen=(), inputs=_ASKED.canonical())
_REFUSED = changed(_ASKED, {"consent.status": "revoked"})
DENY = Decided(decision=decide(_REFUSED), seen=(), inputs=_REFUSED.canonical())

SEEN = (
    Seen(Guarded.GRANT, (*SPACE, GRANT_ID), 1),
    Seen(Guarded.RECORD, (*SPACE, RECORD_ID), 1),
    Seen(Guarded.HOLDER, tuple(SPACE), 1),
    Seen(Guarded.CASE, (*SPACE, a_case().case_no), 1),
    Seen(Guarded.MANDATE, (*SPACE, MANDATE_ID), 1),
    Seen(Guarded.CLIENT, (CLIENT_ID,), 1),
    Seen(Guarded.DEPARTMENT, (DEPARTMENT_ID,), 1),
    Seen(Guarded.PASSKEY, (*SPACE, a_passkey().passkey_id), 1),
    Seen(Guarded.DEVELOPER, (*SPACE, an_appointment().appointment_id), 1),
    Seen(Guarded.POLICY, (1,), 1),
)
"""Every guarded row that ``populate`` writes."""


def populate(ports: Ports) -> None:
    """Write one row of every guarded table, at its first version."""
    with ports.work() as tx:
        tag_key = a_key(Purpose.DEPARTMENT_TAG_KEY, DEPARTMENT_ID)
        tx.departments.add(a_department(), tag_key=tag_key)
        tx.clients.add(a_client())
        tx.policies.activate(b"\x61" * 32, text="permit")
        tx.holders.add(a_holder(), numbers=[], keys=holder_keys())
        tx.mandates.add(a_mandate())
        tx.cases.add(a_case())
        tx.developers.add(an_appointment())
        tx.passkeys.add(a_passkey())
        record = a_record()
        tx.records.add_version(record, key=record_key(record), expected=0, entry_id=ENTRY_ID)
        tx.consents.add(a_consent(), uses=[a_use("ID01", limit=2), a_use("LC01")])


def entry_id_of(number: int) -> EntryId:
    """Return the id of the ``number``-th entry of a test."""
    return EntryId(sha256(number.to_bytes(4, "big")).digest()[:16])


def entry_of(entry_id: EntryId) -> Callable[[Decision, int], Entry]:
    """Return what builds the entry of a decision."""

    def entry(decision: Decision, at_ms: int) -> Entry:
        permitted = isinstance(decision, Permit)
        return Entry(
            entry_id=entry_id,
            at_ms=at_ms,
            kind=Kind.PULL if permitted else Kind.REFUSAL,
            basis=Basis.CONSENT,
            by=By(department=DEPARTMENT_ID, client=CLIENT_ID),
            evidence=(Evidence(code="ID01", view="full", fields=("name",)),),
            decision=Verdict(
                result=Result.PERMIT if permitted else Result.DENY,
                reasons=decision.reasons,
                bundle=decision.bundle_hash,
                inputs=decision.inputs_hash,
            ),
        )

    return entry


def keys_of(space: Space | None) -> EntryKeys:
    """Return the keys of an entry about the holder of ``space``, or about nobody."""
    return entry_keys(holder=None if space is None else space.holder_id[0])


def never(_tx: Tx, _at_ms: int) -> Decided:
    """Be what decides where nothing is to be decided anew."""
    raise AssertionError("decided anew")


def nothing(_tx: Tx, _at_ms: int) -> None:
    """Be an effect that writes nothing."""


def _plain(number: int, changes: dict[str, Any]) -> dict[str, Any]:
    entry_id = entry_id_of(number)
    space = changes.get("space", SPACE)
    return {
        "log_id": LOG_ID,
        "space": space,
        "actor_id": DEPARTMENT_ID,
        "entry_id": entry_id,
        "keys": keys_of(space),
        "decided": PERMIT,
        "entry": entry_of(entry_id),
    }


def a_change(number: int = 1, **changes: Any) -> Change:  # noqa: ANN401 - any attribute
    """Return a change that is permitted and writes nothing."""
    plain = {"effect": nothing, "decide": lambda _tx, _at_ms: PERMIT}
    return Change(**(_plain(number, changes) | plain | changes))


def a_disclosure(number: int = 1, **changes: Any) -> Disclosure:  # noqa: ANN401 - any attribute
    """Return a disclosure that is permitted, rests on nothing and releases nothing."""
    return Disclosure(**(_plain(number, changes) | {"decide": never} | changes))


def a_request(text: str = "request-1", **changes: Any) -> Request:  # noqa: ANN401 - any attribute
    plain = {
        "actor_id": DEPARTMENT_ID,
        "request_id": text,
        "body_hash": sha256(b"body").digest(),
        "answer": b"first answer",
    }
    return Request(**(plain | changes))


def kept(ports: Ports, entry_id: EntryId) -> KeptEntry:
    """Return an entry that must be there."""
    with ports.read() as tx:
        found = tx.entries.get(LOG_ID, entry_id=entry_id)
    assert found is not None
    return found


def opened(ports: Ports, entry_id: EntryId) -> Entry:
    """Open an entry that must be there."""
    found = kept(ports, entry_id)
    return open_entry(
        found.payload,
        keys=keys_of(found.space),
        entry_id=entry_id,
        holder_seq=found.holder_seq,
        actor_seq=found.actor_seq,
        vault_id=VAULT_ID,
        suite=Suite.AES_256_GCM,
    )


def inputs_of(ports: Ports, entry_id: EntryId) -> bytes:
    """Open the decision inputs of an entry that must be there."""
    found = kept(ports, entry_id)
    assert found.inputs is not None
    return open_decision_inputs(
        found.inputs,
        keys=keys_of(found.space),
        entry_id=entry_id,
        holder_seq=found.holder_seq,
        actor_seq=found.actor_seq,
        vault_id=VAULT_ID,
        suite=Suite.AES_256_GCM,
    )


def committed(outcome: Outcome) -> Committed:
    """Return an outcome that must be a commit."""
    assert isinstance(outcome, Committed)
    return outcome


def refused(outcome: Outcome) -> Refused:
    """Return an outcome that must be a refusal."""
    assert isinstance(outcome, Refused)
    return outcome


def size(ports: Ports) -> int:
    """Return how many entries there are."""
    return ports.log.size()
