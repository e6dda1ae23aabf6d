"""Passkeys, how they were used, and challenges that are answered once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    NOW,
    NOW_MS,
    OTHER_SPACE,
    SPACE,
    a_challenge,
    a_passkey,
    a_signin,
    digest,
)
from vault.errors import ConflictError
from vault.passkeys import Ceremony, Passkey, PasskeyStatus, PasskeyUse

TRIERS = 8
USE = PasskeyUse(
    credential_hash=a_passkey().credential_hash, space=SPACE, sign_count=3, backed_up=True
)


def removed(passkey: Passkey, *, version: int = 2) -> Passkey:
    return replace(passkey, status=PasskeyStatus.REMOVED, version=version, ended_at_ms=NOW_MS + 5)


def test_passkeys_are_kept_whole_and_found_by_holder_id_and_credential(ports: Ports) -> None:
    bound = a_passkey("bound", device_bound=True, attested=True, attestation="packed")
    later = a_passkey("later", created_at_ms=NOW_MS + 1)
    other = a_passkey("other", space=OTHER_SPACE)

    with ports.work() as tx:
        for one in (later, bound, other):
            tx.passkeys.add(one)

    with ports.read() as tx:
        assert tx.passkeys.of_holder(SPACE) == (bound, later)
        assert tx.passkeys.get(SPACE, passkey_id=bound.passkey_id) == bound
        assert tx.passkeys.get(OTHER_SPACE, passkey_id=bound.passkey_id) is None
        assert tx.passkeys.find(other.credential_hash) == other
        assert tx.passkeys.find(digest("none")) is None


def test_a_credential_is_registered_once_whoever_tries(ports: Ports) -> None:
    passkey = a_passkey()
    with ports.work() as tx:
        tx.passkeys.add(passkey)

    again = replace(passkey, space=OTHER_SPACE, passkey_id=a_passkey("x").passkey_id)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.passkeys.add(again)


def test_a_passkey_goes_from_one_version_to_the_next(ports: Ports) -> None:
    passkey = a_passkey()
    with ports.work() as tx:
        tx.passkeys.add(passkey)

    with ports.work() as tx:
        tx.passkeys.replace(removed(passkey), expected=1)

    with ports.read() as tx:
        assert tx.passkeys.of_holder(SPACE) == (removed(passkey),)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.passkeys.replace(removed(passkey, version=3), expected=1)


def test_a_use_is_counted_where_the_counter_still_stands(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.add_passkey_use(USE)

    with ports.work() as tx:
        counted = [
            tx.protocol.use_passkey(
                USE.credential_hash, seen=seen, sign_count=4, backed_up=False, now=NOW
            )
            for seen in (2, 3, 3)
        ]

    assert counted == [False, True, False]
    with ports.read() as tx:
        found = tx.protocol.passkey_use(USE.credential_hash)
    assert found == replace(USE, sign_count=4, backed_up=False, last_used_at=NOW)


def test_what_was_dropped_is_used_no_more(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.add_passkey_use(USE)

    with ports.work() as tx:
        tx.protocol.drop_passkey_use(USE.credential_hash)
        tx.protocol.drop_passkey_use(USE.credential_hash)
        counted = tx.protocol.use_passkey(
            USE.credential_hash, seen=3, sign_count=4, backed_up=True, now=NOW
        )

    assert counted is False
    with ports.read() as tx:
        assert tx.protocol.passkey_use(USE.credential_hash) is None


def test_a_challenge_is_answered_once(ports: Ports) -> None:
    challenge = a_challenge()
    with ports.work() as tx:
        tx.protocol.add_challenge(challenge)
    together = threading.Barrier(TRIERS)

    def answer(_number: int) -> bool:
        together.wait()
        with ports.work() as tx:
            return tx.protocol.spend_challenge(
                challenge.challenge_hash,
                bound_hash=challenge.bound_hash,
                ceremony=challenge.ceremony,
                now=NOW,
            )

    with ThreadPoolExecutor(TRIERS) as threads:
        answered = sum(threads.map(answer, range(TRIERS)))

    assert answered == 1


@pytest.mark.parametrize(
    "false",
    [
        {"challenge_hash": digest("none")},
        {"bound_hash": digest("another browser")},
        {"ceremony": Ceremony.CONFIRM},
        {"now": NOW + 300},
    ],
    ids=["another challenge", "another browser", "another ceremony", "too late"],
)
def test_a_challenge_is_answered_by_its_browser_in_time_for_its_ceremony(
    ports: Ports, false: dict[str, Any]
) -> None:
    challenge = a_challenge()
    with ports.work() as tx:
        tx.protocol.add_challenge(challenge)
    right: dict[str, Any] = {
        "challenge_hash": challenge.challenge_hash,
        "bound_hash": challenge.bound_hash,
        "ceremony": challenge.ceremony,
        "now": NOW + 299,
    }

    with ports.work() as tx:
        spent = [tx.protocol.spend_challenge(**how) for how in (right | false, right)]

    assert spent == [False, True]


def test_challenges_that_nobody_answered_are_swept(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.add_challenge(a_challenge())

    swept = []
    for now in (NOW + 299, NOW + 300, NOW + 300):
        with ports.work() as tx:
            swept.append(tx.protocol.sweep(now=now, limit=9))

    assert swept == [0, 1, 0]


def test_every_other_sign_in_of_a_person_ends_in_whosever_space(ports: Ports) -> None:
    mine, other = a_signin("mine"), a_signin("other")
    abroad = a_signin("abroad", space=OTHER_SPACE)
    foreign = a_signin("foreign", auth=replace(mine.auth, person=OTHER_SPACE))
    every = (mine, other, abroad, foreign)
    with ports.work() as tx:
        for one in every:
            tx.protocol.add_signin(one)

    with ports.work() as tx:
        tx.protocol.end_other_signins(SPACE, but=mine.signin_hash, now=NOW)

    with ports.read() as tx:
        left = [tx.protocol.signin(one.signin_hash, now=NOW) is not None for one in every]
    assert left == [True, False, False, True]
