from dataclasses import replace

import pytest

from tests.support.crypto import new_keyring
from vault.crypto.keyring import Keyring
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.secrets import SEALING, Secrets
from vault.crypto.tokens import PEPPER
from vault.errors import IntegrityError, KeyUnavailableError

ONE, OTHER = b"\x01" * 16, b"\x02" * 16


def rows() -> tuple[Keyring, list[WrappedKey]]:
    ring, _ = new_keyring()
    return ring, [ring.new_service_key(PEPPER), ring.new_service_key(SEALING)]


def secrets(*extra: WrappedKey) -> Secrets:
    ring, found = rows()
    return Secrets.load(ring, rows=[*found, *extra], random=ring.random)


def test_a_secret_is_new_each_time_and_kept_as_a_hash() -> None:
    held = secrets()
    one, another = held.mint("tst_"), held.mint("tst_")

    assert one != another
    assert one.startswith("tst_")
    assert held.hash(one) == held.hash(one) != held.hash(another)
    assert len(held.hash(one)) == 32
    assert held.hashes(one) == (held.hash(one),)


def test_an_older_pepper_still_finds_what_it_hashed() -> None:
    ring, (pepper, sealing) = rows()
    newer = ring.new_service_key(PEPPER, version=2)
    retired = replace(pepper, state=WrapState.RETIRED)
    before = Secrets.load(ring, rows=[pepper, sealing], random=ring.random)
    after = Secrets.load(ring, rows=[retired, sealing, newer], random=ring.random)
    secret = before.mint("tst_")

    assert after.hash(secret) != before.hash(secret)
    assert after.hashes(secret) == (after.hash(secret), before.hash(secret))


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_key_stops_the_start(missing: int) -> None:
    ring, found = rows()
    del found[missing]

    with pytest.raises(KeyUnavailableError):
        Secrets.load(ring, rows=found, random=ring.random)


def test_what_is_sealed_for_a_row_opens_in_that_row_only() -> None:
    held = secrets()
    sealed = held.seal(b"parameters", request_id=ONE)

    assert held.open(sealed, request_id=ONE) == b"parameters"
    with pytest.raises(IntegrityError):
        held.open(sealed, request_id=OTHER)


def test_a_keyed_hash_is_the_same_in_every_process_of_the_vault() -> None:
    ring, found = rows()
    one, another = (Secrets.load(ring, rows=found, random=ring.random) for _ in range(2))

    assert one.keyed(b"nonce") == another.keyed(b"nonce") != secrets().keyed(b"nonce")


def test_secrets_are_not_shown() -> None:
    assert "Key" not in repr(secrets())
