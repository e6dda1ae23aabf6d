"""The keys that sign JWTs are kept whole, as one set that moves on by versions."""

from dataclasses import replace

import pytest

from tests.support.ports import Ports
from vault.clients.signing_keys import (
    HINTS,
    Drawn,
    SigningAlgorithm,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.errors import ConflictError

NOW = 1_795_000_000


def drawn(ports: Ports, kid: str, slot: Slot) -> Drawn:
    wrapped = ports.keyring.wrap_private(b"pkcs8", kid=kid)
    return Drawn(kid=kid, slot=slot, public_jwk='{"kty":"EC"}', wrapped=wrapped)


def some(ports: Ports) -> SigningKeys:
    keys = SigningKeys()
    for number, algorithm in enumerate(SigningAlgorithm):
        for purpose in SigningPurpose:
            one = drawn(ports, f"{purpose}{number}", Slot(purpose, algorithm))
            keys = keys.introduce(one, now=NOW)
    return keys.introduce(drawn(ports, "for hints", HINTS), now=NOW)


def test_there_are_none_at_first(ports: Ports) -> None:
    with ports.read() as tx:
        assert tx.signing.all() == SigningKeys()


def test_keys_are_kept_whole_and_their_private_parts_open(ports: Ports) -> None:
    keys = some(ports)

    with ports.work() as tx:
        tx.signing.replace(keys, expected=0)

    with ports.read() as tx:
        found = tx.signing.all()
    assert found == replace(keys, version=1)
    assert {ports.keyring.private(key.wrapped) for key in found.keys if key.wrapped} == {b"pkcs8"}


def test_a_set_moves_on_at_its_version(ports: Ports) -> None:
    first = some(ports)
    kid = first.keys[0].kid
    second = first.introduce(
        drawn(ports, "next", first.keys[0].slot), now=NOW, early=True
    ).withdraw(kid, now=NOW + 5)
    third = second.destroy(now=NOW + 5)
    with ports.work() as tx:
        tx.signing.replace(first, expected=0)

    with ports.work() as tx:
        tx.signing.replace(second, expected=1)
    with ports.work() as tx:
        tx.signing.replace(third, expected=2)
    for stale in (0, 1, 2):
        with pytest.raises(ConflictError), ports.work() as tx:
            tx.signing.replace(first, expected=stale)

    with ports.read() as tx:
        assert tx.signing.all() == replace(third, version=3)
