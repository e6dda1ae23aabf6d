"""A client registers itself, is approved or refused, changes, and ends: each is an entry."""

import json
from dataclasses import replace
from typing import Any

import pytest

from policies.scopes import View
from tests.support.jws import ec_signer
from tests.support.world import World
from tests.support.world_values import MARKET, a_town_client
from vault.clients import Client, ClientStatus, Profile
from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.clients.registrations import Registration
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    ReplayedError,
    TokenEndedError,
)
from vault.ids import ClientId, DepartmentId
from vault.journal.entries import Basis, By, Kind, StateChange
from vault.services.approve_client import approve_client, refuse_client
from vault.services.change_client import change_client
from vault.services.close_client import close_client
from vault.services.replace_client_keys import replace_client_keys
from vault.services.self_register import (
    INITIAL_SECONDS,
    SelfRegister,
    hand_out_token,
    live_initial_token,
    self_register,
)
from vault.services.suspend_client import resume_client, suspend_client

NEW = ClientId("new")


def pending(world: World, **changes: Any) -> Client:  # noqa: ANN401 - any column
    plain = a_town_client(
        MARKET, world.departments[MARKET], client_id=NEW, status=ClientStatus.PENDING
    )
    return replace(plain, **changes)


def asked(world: World, client: Client | None = None, *, once: bytes = b"1") -> SelfRegister:
    token = hand_out_token(world.vault, world.departments[MARKET])
    client = client or pending(world)
    return SelfRegister(
        client=client,
        registration=Registration(
            client_id=client.client_id,
            token_hash=bytes(32),
            statement="a.b.c",
            once=once * 32,
            registered_at=world.now(),
        ),
        token_hash=world.vault.secrets.hash(token),
    )


def found(world: World, client_id: ClientId = NEW) -> Client | None:
    with world.vault.read() as tx:
        return tx.clients.get(client_id)


def entered(world: World, *, approved: bool = False, **changes: Any) -> Client:  # noqa: ANN401 - any column
    self_register(world.vault, asked(world, pending(world, **changes)), demo=False)
    if approved:
        approve_client(world.vault, NEW, version=1)
    client = found(world)
    assert client is not None
    return client


def test_a_client_enters_as_pending_with_one_entry(world: World) -> None:
    request = asked(world)

    receipt = self_register(world.vault, request, demo=False)

    entry = world.last
    assert found(world) == request.client
    with world.vault.read() as tx:
        assert tx.registrations.of_client(NEW) == request.registration
    assert (entry.entry_id, entry.kind, entry.basis, entry.by) == (
        receipt.entry_id,
        Kind.CLIENT_REGISTER,
        Basis.SYSTEM,
        By(department=world.departments[MARKET], client=NEW),
    )
    assert entry.change == StateChange(object="oauth_client", id=NEW, became="pending", version=1)


def test_a_token_is_good_for_a_day_and_for_one_client(world: World) -> None:
    token = hand_out_token(world.vault, world.departments[MARKET])
    hashes = world.vault.secrets.hashes(token)
    end = world.now() + INITIAL_SECONDS

    with world.vault.read() as tx:
        live = live_initial_token(tx, hashes, now=end - 1)
        late = live_initial_token(tx, hashes, now=end)
        unknown = live_initial_token(tx, [bytes(32)], now=end - 1)
    request = replace(asked(world), token_hash=hashes[0])
    self_register(world.vault, request, demo=False)
    with world.vault.read() as tx:
        spent = live_initial_token(tx, hashes, now=end - 1)

    assert live is not None
    assert live.department_id == world.departments[MARKET]
    assert (late, unknown, spent) == (None, None, None)


def test_two_clients_with_one_token_or_one_statement_are_one(world: World) -> None:
    first = asked(world)
    self_register(world.vault, first, demo=False)
    other = pending(world, client_id=ClientId("other"))
    entries = len(world.entries)
    same_token = replace(asked(world, other, once=b"2"), token_hash=first.token_hash)

    with pytest.raises(ReplayedError):
        self_register(world.vault, same_token, demo=False)
    with pytest.raises(ConflictError):
        self_register(world.vault, asked(world, other), demo=False)

    assert found(world, other.client_id) is None
    assert len(world.entries) == entries


@pytest.mark.parametrize("changes", [{"status": ClientStatus.ACTIVE}, {"version": 2}])
def test_nobody_registers_as_more_than_pending(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="pending"):
        self_register(world.vault, asked(world, pending(world, **changes)), demo=False)


def test_a_registration_keeps_to_its_profile(world: World) -> None:
    local = pending(world, redirect_uris=("http://127.0.0.1/cb",))

    with pytest.raises(InvalidInputError):
        self_register(world.vault, asked(world, local), demo=False)
    self_register(world.vault, asked(world, local), demo=True)

    assert found(world) == local


def test_only_an_active_department_gets_tokens_and_clients(world: World) -> None:
    request = asked(world)
    world.suspend_department(MARKET)

    with pytest.raises(NotFoundError):
        hand_out_token(world.vault, world.departments[MARKET])
    with pytest.raises(NotFoundError):
        hand_out_token(world.vault, DepartmentId(bytes(16)))
    with pytest.raises(NotFoundError):
        self_register(world.vault, request, demo=False)


def test_a_person_approves_the_version_that_was_looked_at(world: World) -> None:
    client = entered(world)
    moved = replace(client, redirect_uris=("https://elsewhere.example.org/cb",))
    change_client(world.vault, moved, before=client, demo=False)

    with pytest.raises(ConflictError, match="looked at"):
        approve_client(world.vault, NEW, version=1)
    approve_client(world.vault, NEW, version=2)

    assert found(world) == replace(moved, status=ClientStatus.ACTIVE, version=3)
    assert world.last.kind is Kind.CLIENT_APPROVE
    assert world.last.change == StateChange(
        object="oauth_client", id=NEW, came_from="pending", became="active", version=3
    )


def test_what_is_not_pending_is_neither_approved_nor_refused(world: World) -> None:
    entered(world, approved=True)

    with pytest.raises(ConflictError, match="active"):
        approve_client(world.vault, NEW, version=2)
    with pytest.raises(ConflictError, match="active"):
        refuse_client(world.vault, NEW)
    with pytest.raises(NotFoundError):
        approve_client(world.vault, ClientId("nobody"), version=1)


def test_a_refused_client_stays_closed(world: World) -> None:
    entered(world)

    refuse_client(world.vault, NEW)

    assert world.last.kind is Kind.CLIENT_REFUSE
    for step in (close_client, suspend_client, resume_client, refuse_client):
        with pytest.raises(ConflictError, match="closed"):
            step(world.vault, NEW)


def test_nothing_that_was_granted_to_a_closed_client_releases_anything(world: World) -> None:
    world.deposit()
    granted = world.consent("ID01")
    caller = world.requester(granted)

    close_client(world.vault, granted.asked.client_id)

    assert world.last.kind is Kind.CLIENT_CLOSE
    with pytest.raises((AccessDeniedError, TokenEndedError)):
        world.pull(granted, caller=caller)
    with world.vault.read() as tx:
        assert tx.protocol.live_token(granted.token.token_hash, now=world.now()) is None


def keys(*names: str) -> str:
    return json.dumps({"keys": [ec_signer().jwk | {"kid": name} for name in names]})


def test_keys_are_replaced_as_a_whole(world: World) -> None:
    client, jwks = entered(world, approved=True), keys("a", "b")

    replace_client_keys(world.vault, NEW, jwks=jwks)

    assert found(world) == replace(client, jwks=jwks, version=3)
    assert world.last.kind is Kind.CLIENT_KEYS


def test_keys_of_a_closed_client_and_bad_keys_are_refused(world: World) -> None:
    entered(world)

    with pytest.raises(InvalidInputError):
        replace_client_keys(world.vault, NEW, jwks='{"keys":[]}')
    close_client(world.vault, NEW)
    with pytest.raises(ConflictError, match="closed"):
        replace_client_keys(world.vault, NEW, jwks=keys("a"))


def test_a_change_narrows_and_says_whether_keys_were_among_it(world: World) -> None:
    client = entered(world, approved=True)
    less = replace(client, scopes=frozenset(), evidence={"ID01": View.VERIFY})

    change_client(world.vault, less, before=client, demo=False)
    changed = found(world)
    assert changed is not None
    first = world.last.kind
    change_client(world.vault, replace(changed, jwks=keys("z")), before=changed, demo=False)

    assert changed == replace(less, version=3)
    assert (first, world.last.kind) == (Kind.CLIENT_CHANGE, Kind.CLIENT_KEYS)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"profile": Profile.FAPI2_MS}, "profile"),
        ({"scopes": frozenset({"registry:read"})}, "scope"),
        ({"grant_types": frozenset({"refresh_token", "authorization_code"})}, "grant_types"),
        ({"redirect_uris": ("https://other.example.org/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("http://client.example.org/cb",)}, "redirect_uris"),
        (
            {
                "metadata": ClientMetadata(
                    auth_method=AuthMethod.TLS, tls_subject="tls_client_auth_san_dns=a.example.org"
                )
            },
            "token_endpoint_auth_method",
        ),
        (
            {"metadata": ClientMetadata(backchannel_logout_uri="https://other.example.org/")},
            "backchannel_logout_uri",
        ),
        (
            {"metadata": ClientMetadata(ciba_notification_uri="https://other.example.org/")},
            "backchannel_client_notification_endpoint",
        ),
    ],
)
def test_no_change_widens_what_a_person_approved(
    world: World, more: dict[str, Any], field: str
) -> None:
    client = entered(world, approved=True)

    with pytest.raises(InvalidInputError) as refused:
        change_client(world.vault, replace(client, **more), before=client, demo=False)

    assert refused.value.field == field
    assert found(world) == client


def test_a_suspended_client_changes_nothing(world: World) -> None:
    client = entered(world, approved=True)
    suspend_client(world.vault, NEW)
    stopped = found(world)
    assert stopped is not None

    with pytest.raises(ConflictError, match="suspended"):
        change_client(world.vault, replace(client, evidence={}), before=stopped, demo=False)


def test_of_two_changes_of_one_version_the_second_is_refused(world: World) -> None:
    client = entered(world, approved=True)
    change_client(world.vault, replace(client, evidence={}), before=client, demo=False)

    with pytest.raises(ConflictError):
        change_client(world.vault, replace(client, jwks=keys("z")), before=client, demo=False)
