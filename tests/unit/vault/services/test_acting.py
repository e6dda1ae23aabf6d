"""Who acts, and what the policies may know of it."""

from dataclasses import replace
from hashlib import sha256

import pytest

from policies.facts import MemberFacts
from policies.requests import AccessRequest, Action
from tests.support.operations import never
from tests.support.world import World
from tests.support.world_values import MARKET, POLICE
from vault.clients.confirmation import Confirmation
from vault.crypto.contexts import Purpose
from vault.errors import (
    AccessDeniedError,
    IntegrityError,
    KeyUnavailableError,
    NotFoundError,
)
from vault.holders import HolderKind
from vault.ids import ClientId, EntryId, HolderId, Space
from vault.journal.operations import Repeated
from vault.journal.plain import canonical_json
from vault.services.acting import network_prefix
from vault.services.asking import Asking, requirement_facts
from vault.services.entering import committed
from vault.services.entry_keys import entry_keys, held, record_reference
from vault.services.open_space import Known, complete_profile, newcomer, open_space
from vault.services.versions import receipt_of, refuse_unopened


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.17", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:192.0.2.17", "192.0.2.0/24"),
        ("testclient", None),
        ("", None),
    ],
)
def test_an_address_is_told_by_its_prefix(address: str, prefix: str | None) -> None:
    assert network_prefix(address) == prefix


@pytest.mark.parametrize(
    ("kind", "role"),
    [(HolderKind.PERSON, "self"), (HolderKind.ORGANISATION, "legal_representative")],
)
def test_a_member_acts_as_the_holder_or_for_the_organisation(
    world: World, kind: HolderKind, role: str
) -> None:
    world.deposit()
    member = world.member(age=300)

    facts = member.facts(kind, now_ms=world.clock.now_ms())

    assert facts == MemberFacts(
        person_id=world.space().holder_id.hex(), role=role, acr="aal1", fresh=True
    )
    assert member.trace().network == "198.51.100.0/24"


def test_a_caller_whose_proof_is_spent_claims_nothing(world: World) -> None:
    caller = world.caller()

    assert len(caller.claims) == 1
    assert caller.spent().claims == ()
    assert caller.request({}, answer=b"", keyed=world.vault.secrets.keyed) is None


def test_a_caller_with_a_certificate_is_traced_by_it_and_spends_nothing(world: World) -> None:
    by_key = world.caller()
    token = replace(by_key.live.token, cnf=Confirmation.certificate("x" * 43))
    by_certificate = replace(
        by_key, live=replace(by_key.live, token=token), claim=None, proof_hash=None
    )

    assert by_certificate.claims == ()
    assert by_certificate.trace() == replace(
        by_key.trace(), dpop_jkt=None, certificate="x" * 43, proof=None
    )


def test_what_was_asked_cannot_be_guessed_from_its_hash(world: World) -> None:
    body, caller = {"status": "01"}, world.caller(request_id="request-1")

    request = caller.request(body, answer=b"", keyed=world.vault.secrets.keyed)

    assert request is not None
    assert len(request.body_hash) == 32
    assert request.body_hash != sha256(canonical_json(body)).digest()
    assert request == caller.request(body, answer=b"", keyed=world.vault.secrets.keyed)
    assert request != caller.request(body, answer=b"", keyed=lambda text: sha256(text).digest())


def test_an_item_that_is_not_there_requires_nothing() -> None:
    assert requirement_facts("no-such-item", "ID01") is None


def test_facts_of_what_is_not_there_are_not_found(world: World) -> None:
    nobody = Space(0, HolderId(bytes(16)))

    with world.vault.read() as tx:
        asking = Asking(tx, now_ms=world.clock.now_ms())
        with pytest.raises(NotFoundError):
            asking.client(ClientId("nobody"))
        with pytest.raises(NotFoundError):
            asking.holder(nobody)


def test_a_client_whose_department_is_gone_is_not_found(world: World) -> None:
    with world.spoiling() as rows:
        rows.departments.clear()

    with world.vault.read() as tx, pytest.raises(NotFoundError):
        Asking(tx, now_ms=0).client(world.client_id("market"))


def test_only_a_change_is_repeated() -> None:
    with pytest.raises(TypeError):
        committed(Repeated(answer=b""))


def test_a_key_of_a_version_that_is_gone_is_not_there(world: World) -> None:
    world.deposit()
    space = world.space()
    with world.vault.read() as tx:
        keys = tx.holders.keys(space)

    assert held(keys, Purpose.HOLDER_DATA_KEY, version=1).version == 1
    with pytest.raises(KeyUnavailableError):
        held(keys, Purpose.HOLDER_DATA_KEY, version=2)


def test_a_record_is_named_differently_to_each_department_and_by_nobody_s_keys(
    world: World,
) -> None:
    world.deposit()
    space, record_id = world.space(), world.heads()[0].record_id
    police, market = world.departments[POLICE], world.departments[MARKET]
    with world.vault.read() as tx:
        keys = entry_keys(tx, keyring=world.vault.keyring, space=space, actor_id=police)

    names = {
        record_reference(keys, department_id=one, record_id=record_id) for one in (police, market)
    }

    assert len(names) == 2
    nobody = replace(keys, holder_tag_key=None)
    assert record_reference(nobody, department_id=police, record_id=record_id) is None


def test_a_permit_is_no_refusal(world: World) -> None:
    with world.vault.read() as tx:
        permitted = Asking(tx, now_ms=0).decided(AccessRequest(action=Action.SYSTEM))

    with pytest.raises(TypeError):
        refuse_unopened(world.vault, world.caller(), permitted, code="ID01")


def test_a_space_is_not_opened_by_a_proof_that_can_be_shown_again(world: World) -> None:
    number = world.person()
    new = newcomer(world.vault, number)
    caller = world.caller()

    with pytest.raises(TypeError):
        open_space(world.vault, new, number=number, known=Known(), caller=caller, decide=never)


def test_a_profile_of_nobody_is_not_completed(world: World) -> None:
    nobody = Space(0, HolderId(bytes(16)))

    added = complete_profile(
        world.vault, nobody, known=Known(name="示例"), caller=world.caller(), decide=never
    )

    assert added is False


def test_an_answer_whose_entry_is_gone_is_not_proven(world: World) -> None:
    with pytest.raises(IntegrityError):
        receipt_of(world.vault, log_id=0, entry_id=EntryId(bytes(16)))


def test_evidence_whose_uses_are_counted_nowhere_is_used_up(world: World) -> None:
    world.deposit()
    granted = world.consent()
    with world.spoiling() as rows:
        rows.uses.clear()

    with pytest.raises(AccessDeniedError, match="uses-exhausted"):
        world.pull(granted)
