"""Initial tokens, and how clients registered themselves."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import CLIENT_ID, DAY, DEPARTMENT_ID, NOW, a_client, digest
from vault.clients.registrations import InitialToken, Registration
from vault.errors import ConflictError
from vault.ids import ClientId

TOKEN = InitialToken(
    token_hash=digest("initial"), department_id=DEPARTMENT_ID, expires_at=NOW + DAY
)
REGISTRATION = Registration(
    client_id=CLIENT_ID,
    token_hash=digest("managing"),
    statement="a.b.c",
    once=digest("jti"),
    registered_at=NOW,
)


def test_an_initial_token_is_kept_whole_and_spent_once(ports: Ports) -> None:
    with ports.work() as tx:
        tx.registrations.add_token(TOKEN)
        first = tx.registrations.spend_token(TOKEN.token_hash, now=NOW)
        second = tx.registrations.spend_token(TOKEN.token_hash, now=NOW + 1)

    with ports.read() as tx:
        found = tx.registrations.token(TOKEN.token_hash)
        assert tx.registrations.token(digest("none")) is None
    assert (first, second) == (True, False)
    assert found == InitialToken(
        token_hash=TOKEN.token_hash,
        department_id=DEPARTMENT_ID,
        expires_at=NOW + DAY,
        spent_at=NOW,
    )


def test_an_initial_token_is_not_spent_once_it_has_expired(ports: Ports) -> None:
    with ports.work() as tx:
        tx.registrations.add_token(TOKEN)
        late = tx.registrations.spend_token(TOKEN.token_hash, now=NOW + DAY)
        unknown = tx.registrations.spend_token(digest("none"), now=NOW)

    assert (late, unknown) == (False, False)


def test_of_many_that_spend_a_token_at_once_one_does(ports: Ports) -> None:
    with ports.work() as tx:
        tx.registrations.add_token(TOKEN)

    def spend(_number: int) -> bool:
        with ports.work() as tx:
            return tx.registrations.spend_token(TOKEN.token_hash, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(spend, range(8)))

    assert spent.count(True) == 1


def test_initial_tokens_are_swept_a_day_after_their_end(ports: Ports) -> None:
    with ports.work() as tx:
        tx.registrations.add_token(TOKEN)
        kept = tx.protocol.sweep(now=NOW + 2 * DAY - 1, limit=10)
        gone = tx.protocol.sweep(now=NOW + 2 * DAY, limit=10)

    assert (kept, gone) == (0, 1)


def test_a_registration_is_kept_whole_beside_its_client(ports: Ports) -> None:
    with ports.work() as tx:
        tx.clients.add(a_client())
        tx.registrations.add(REGISTRATION)

    with ports.read() as tx:
        assert tx.registrations.of_client(CLIENT_ID) == REGISTRATION
        assert tx.registrations.of_client(ClientId("nobody")) is None


def test_a_statement_registers_one_client(ports: Ports) -> None:
    other = ClientId("other")
    with ports.work() as tx:
        tx.clients.add(a_client())
        tx.clients.add(a_client(other))
        tx.registrations.add(REGISTRATION)
    again = Registration(
        client_id=other,
        token_hash=digest("another"),
        statement="a.b.c",
        once=REGISTRATION.once,
        registered_at=NOW,
    )

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.registrations.add(again)

    with ports.read() as tx:
        assert tx.registrations.of_client(other) is None
