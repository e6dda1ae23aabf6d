"""What is the same for every holder: departments, clients, policies, keys of the deployment."""

import os
from dataclasses import replace

import pytest

from policies.scopes import View
from tests.support.crypto import VAULT_ID, FixedProvider
from tests.support.ports import ORIGIN, Ports
from tests.support.vault_values import (
    CLIENT_ID,
    DEPARTMENT_ID,
    OTHER_DEPARTMENT_ID,
    a_client,
    a_department,
    a_key,
    digest,
)
from vault.clients import ClientStatus, Profile
from vault.crypto.contexts import Purpose
from vault.crypto.keyring import (
    CHECKPOINT,
    HOLDERS_ACTOR_ID,
    SYSTEM_ACTOR_ID,
    SYSTEM_JOURNAL,
    Keyring,
)
from vault.crypto.keys import WrappedKey
from vault.departments import DepartmentStatus
from vault.errors import ConflictError
from vault.ids import ClientId, DepartmentId
from vault.ports import ActivePolicy


def tag_key(department_id: DepartmentId = DEPARTMENT_ID) -> WrappedKey:
    return a_key(Purpose.DEPARTMENT_TAG_KEY, department_id)


def test_a_department_is_kept_whole_with_its_tag_key(ports: Ports) -> None:
    department = a_department(status=DepartmentStatus.SUSPENDED)

    with ports.work() as tx:
        tx.departments.add(department, tag_key=tag_key())

    with ports.read() as tx:
        assert tx.departments.get(DEPARTMENT_ID) == department
        assert tx.departments.find(department.code) == department
        assert tx.departments.tag_key(DEPARTMENT_ID) == tag_key()


def test_a_department_that_is_not_there_is_none(ports: Ports) -> None:
    with ports.read() as tx:
        found = [
            tx.departments.get(DEPARTMENT_ID),
            tx.departments.find("no such code"),
            tx.departments.tag_key(DEPARTMENT_ID),
        ]

    assert found == [None, None, None]


def test_the_reserved_actors_have_their_tag_keys_among_the_system_s(ports: Ports) -> None:
    with ports.read() as tx:
        found = {
            key.owner_id: key
            for key in tx.system.all()
            if key.purpose is Purpose.DEPARTMENT_TAG_KEY
        }
        assert tx.departments.tag_key(SYSTEM_ACTOR_ID) == found[SYSTEM_ACTOR_ID]
        assert tx.departments.tag_key(HOLDERS_ACTOR_ID) == found[HOLDERS_ACTOR_ID]


def test_a_department_is_registered_once_under_each_code(ports: Ports) -> None:
    with ports.work() as tx:
        tx.departments.add(a_department(), tag_key=tag_key())
    same_code = a_department(OTHER_DEPARTMENT_ID, code=a_department().code)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.departments.add(a_department(code="another"), tag_key=tag_key())
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.departments.add(same_code, tag_key=tag_key(OTHER_DEPARTMENT_ID))

    with ports.read() as tx:
        assert tx.departments.get(DEPARTMENT_ID) == a_department()
        assert tx.departments.get(OTHER_DEPARTMENT_ID) is None


def test_a_department_moves_on_at_its_version(ports: Ports) -> None:
    suspended = a_department(status=DepartmentStatus.SUSPENDED, version=2)
    with ports.work() as tx:
        tx.departments.add(a_department(), tag_key=tag_key())

    with ports.work() as tx:
        tx.departments.replace(suspended, expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.departments.replace(a_department(version=2), expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.departments.replace(a_department(OTHER_DEPARTMENT_ID, version=2), expected=1)

    with ports.read() as tx:
        assert tx.departments.get(DEPARTMENT_ID) == suspended


def test_a_client_is_kept_whole(ports: Ports) -> None:
    full = a_client(
        profile=Profile.RS,
        status=ClientStatus.PENDING,
        evidence={"ID01": View.VERIFY, "LC04": View.SUMMARY, "LC01": View.FULL},
    )
    empty = a_client(
        ClientId("bare"),
        redirect_uris=(),
        grant_types=frozenset(),
        scopes=frozenset(),
        evidence={},
        issue_codes=frozenset(),
        service_items=frozenset(),
    )

    with ports.work() as tx:
        tx.clients.add(full)
        tx.clients.add(empty)

    with ports.read() as tx:
        assert tx.clients.get(CLIENT_ID) == full
        assert tx.clients.get(ClientId("nobody")) is None
        assert tx.clients.all() == (empty, full)


def test_a_client_is_registered_once(ports: Ports) -> None:
    with ports.work() as tx:
        tx.clients.add(a_client())

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.clients.add(a_client(name_en="Another"))

    with ports.read() as tx:
        assert tx.clients.all() == (a_client(),)


def test_a_client_moves_on_at_its_version(ports: Ports) -> None:
    suspended = a_client(status=ClientStatus.SUSPENDED, version=2)
    with ports.work() as tx:
        tx.clients.add(a_client())

    with ports.work() as tx:
        tx.clients.replace(suspended, expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.clients.replace(a_client(version=2), expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.clients.replace(a_client(ClientId("nobody"), version=2), expected=1)

    with ports.read() as tx:
        assert tx.clients.get(CLIENT_ID) == suspended


def test_policies_are_activated_one_after_the_other_and_kept_for_ever(ports: Ports) -> None:
    first, second = digest("first"), digest("second")
    with ports.read() as tx:
        before = tx.policies.active()

    found = []
    for bundle_hash, text in ((first, "permit"), (second, "forbid"), (first, "permit")):
        with ports.work() as tx:
            tx.policies.activate(bundle_hash, text=text)
            found.append(tx.policies.active())

    assert [before, *found] == [
        None,
        ActivePolicy(bundle_hash=first, version=1),
        ActivePolicy(bundle_hash=second, version=2),
        ActivePolicy(bundle_hash=first, version=3),
    ]
    with ports.read() as tx:
        texts = [tx.policies.text(one) for one in (first, second, digest("none"))]
    assert texts == ["permit", "forbid", None]


def test_the_keys_of_the_deployment_open_its_keyring_again(ports: Ports) -> None:
    with ports.read() as tx:
        rows = tx.system.all()

    again = Keyring.open(
        FixedProvider(), vault_id=VAULT_ID, rows=rows, random=os.urandom, monotonic=lambda: 0.0
    )

    named = {row.name: row for row in rows}
    assert {SYSTEM_JOURNAL, CHECKPOINT} <= named.keys()
    signer = again.checkpoint_signer(named[CHECKPOINT], origin=ORIGIN)
    assert signer.verifier == ports.verifier


def test_a_key_of_the_deployment_is_kept_once_in_each_version(ports: Ports) -> None:
    key = a_key(Purpose.SERVICE_KEY, VAULT_ID, name="pepper")
    newer = replace(key, version=2)

    with ports.work() as tx:
        tx.system.add(key)
        tx.system.add(newer)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.system.add(key)

    with ports.read() as tx:
        assert [row for row in tx.system.all() if row.name == "pepper"] == [key, newer]


def test_a_deployment_gets_its_id_once_and_for_good(ports: Ports) -> None:
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.system.set_vault_id(b"\x01" * 16)

    with ports.read() as tx:
        assert tx.system.vault_id() == VAULT_ID
