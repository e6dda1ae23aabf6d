"""Short-lived rows of OAuth: pushed requests, interactions, codes, tokens, claims."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    CLIENT_ID,
    DAY,
    DEPARTMENT_ID,
    NOW,
    OTHER_SPACE,
    a_claim,
    a_client,
    a_code,
    a_consent,
    a_department,
    a_holder,
    a_key,
    a_pushed_request,
    a_refresh_token,
    a_token,
    an_interaction,
    digest,
    revoked,
    some_details,
)
from vault.clients import ClientStatus
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import AccessToken, InteractionState
from vault.crypto.contexts import Purpose
from vault.departments import DepartmentStatus
from vault.errors import ConflictError
from vault.ids import ClientId
from vault.ports import LiveToken

OTHER_CLIENT = ClientId("other")


@pytest.fixture
def registered(ports: Ports) -> Ports:
    """Return a vault with a department, its client, a holder and a consent."""
    with ports.work() as tx:
        tag_key = a_key(Purpose.DEPARTMENT_TAG_KEY, DEPARTMENT_ID)
        tx.departments.add(a_department(), tag_key=tag_key)
        tx.clients.add(a_client())
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.consents.add(a_consent(), uses=[])
    return ports


# Pushed requests and interactions.


def test_a_pushed_request_is_kept_whole_and_spent_once(ports: Ports) -> None:
    request = a_pushed_request()
    with ports.work() as tx:
        tx.protocol.push(request)

    with ports.work() as tx:
        spent = [tx.protocol.spend_pushed(request.request_hash, now=NOW + n) for n in (1, 2)]

    assert spent == [True, False]
    with ports.read() as tx:
        assert tx.protocol.pushed(request.request_hash) == replace(request, consumed_at=NOW + 1)


def test_a_request_that_was_not_pushed_is_neither_found_nor_spent(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.push(a_pushed_request())
        found = tx.protocol.pushed(digest("none")), tx.protocol.spend_pushed(digest("none"), now=1)

    assert found == (None, False)


def test_a_request_is_pushed_once(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.push(a_pushed_request())

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.protocol.push(a_pushed_request())


def test_an_interaction_is_found_by_its_id_and_by_its_browser(ports: Ports) -> None:
    one, other = an_interaction("one"), an_interaction("other", signin_hash=digest("signin"))
    with ports.work() as tx:
        tx.protocol.open_interaction(one)
        tx.protocol.open_interaction(other)

    with ports.read() as tx:
        rows = tx.protocol
        found = [
            rows.interaction(one.interaction_id),
            rows.interaction(b"\x00" * 16),
            rows.interaction_of(other.request_hash, browser_hash=other.browser_hash),
            rows.interaction_of(digest("unknown"), browser_hash=other.browser_hash),
            rows.interaction_of(other.request_hash, browser_hash=digest("stranger")),
        ]

    assert found == [one, None, other, None, None]


def test_a_browser_has_one_interaction_with_a_request(ports: Ports) -> None:
    one = an_interaction("one")
    twin = replace(an_interaction("twin"), browser_hash=one.browser_hash)
    with ports.work() as tx:
        tx.protocol.open_interaction(one)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.protocol.open_interaction(twin)


def test_an_interaction_is_bound_to_its_first_sign_in(ports: Ports) -> None:
    one = an_interaction()
    with ports.work() as tx:
        tx.protocol.open_interaction(one)

    with ports.work() as tx:
        bound = [
            tx.protocol.bind_interaction(one.interaction_id, signin_hash=digest(name))
            for name in ("first", "second")
        ]
        bound.append(tx.protocol.bind_interaction(b"\x00" * 16, signin_hash=digest("first")))

    assert bound == [True, False, False]
    with ports.read() as tx:
        found = tx.protocol.interaction(one.interaction_id)
    assert found == replace(one, signin_hash=digest("first"))


def test_an_interaction_is_decided_once(ports: Ports) -> None:
    one = an_interaction()
    with ports.work() as tx:
        tx.protocol.open_interaction(one)

    with ports.work() as tx:
        closed = [
            tx.protocol.close_interaction(one.interaction_id, state=state)
            for state in (InteractionState.GRANTED, InteractionState.DENIED)
        ]
        closed.append(tx.protocol.close_interaction(b"\x00" * 16, state=InteractionState.DENIED))

    assert closed == [True, False, False]
    with ports.read() as tx:
        found = tx.protocol.interaction(one.interaction_id)
    assert found == replace(one, state=InteractionState.GRANTED)


# Codes.


def test_a_code_is_kept_whole_and_spent_once(ports: Ports) -> None:
    code = a_code(scope="offline")
    with ports.work() as tx:
        tx.protocol.add_code(code)

    with ports.work() as tx:
        spent = [
            tx.protocol.spend_code(code.code_hash, client_id=CLIENT_ID, now=NOW + n)
            for n in (1, 2)
        ]

    assert spent == [True, False]
    with ports.read() as tx:
        assert tx.protocol.code(code.code_hash) == replace(code, used_at=NOW + 1)


def test_a_code_is_spent_by_its_own_client_alone(ports: Ports) -> None:
    code = a_code()
    with ports.work() as tx:
        tx.protocol.add_code(code)

    with ports.work() as tx:
        foreign = tx.protocol.spend_code(code.code_hash, client_id=OTHER_CLIENT, now=NOW)

    assert foreign is False
    with ports.read() as tx:
        assert tx.protocol.code(code.code_hash) == code


@pytest.mark.parametrize(("now", "spent"), [(NOW + 59, True), (NOW + 60, False)])
def test_a_code_is_spent_before_it_expires(ports: Ports, *, now: int, spent: bool) -> None:
    code = a_code()
    with ports.work() as tx:
        tx.protocol.add_code(code)

    with ports.work() as tx:
        found = tx.protocol.spend_code(code.code_hash, client_id=CLIENT_ID, now=now)

    assert found is spent


def test_a_code_that_is_not_there_is_neither_found_nor_spent(ports: Ports) -> None:
    with ports.work() as tx:
        spent = tx.protocol.spend_code(digest("none"), client_id=CLIENT_ID, now=NOW)
        found = tx.protocol.code(digest("none"))

    assert (spent, found) == (False, None)


def test_a_code_is_written_once(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.add_code(a_code())

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.protocol.add_code(a_code())


# Tokens.


def live(ports: Ports, *, now: int = NOW, text: str = "token") -> LiveToken | None:
    with ports.read() as tx:
        return tx.protocol.live_token(digest(text), now=now)


def keep(ports: Ports, token: AccessToken) -> AccessToken:
    with ports.work() as tx:
        tx.protocol.add_token(token)
    return token


def test_a_live_token_comes_with_client_department_and_consent(registered: Ports) -> None:
    token = keep(registered, a_token())

    assert live(registered) == LiveToken(
        token=token, client=a_client(), department=a_department(), consent=a_consent()
    )


def test_a_registry_token_comes_without_a_consent(registered: Ports) -> None:
    token = keep(registered, a_token(registry=True, scope="records:write"))

    assert live(registered) == LiveToken(
        token=token, client=a_client(), department=a_department(), consent=None
    )


def test_what_is_bound_to_a_certificate_stays_so(registered: Ports) -> None:
    cnf = Confirmation.certificate("x" * 43)
    code, token, refresh = a_code(cnf=cnf), a_token(cnf=cnf), a_refresh_token(cnf=cnf)
    pushed = a_pushed_request(cnf=cnf)

    with registered.work() as tx:
        tx.protocol.push(pushed)
        tx.protocol.add_code(code)
        tx.protocol.add_token(token)
        tx.protocol.add_refresh_token(refresh)

    with registered.read() as tx:
        assert tx.protocol.pushed(pushed.request_hash) == pushed
        assert tx.protocol.code(code.code_hash) == code
        assert tx.protocol.token(token.token_hash) == token
        assert tx.protocol.refresh_token(refresh.token_hash) == refresh


def test_a_live_token_sees_the_consent_as_it_is_now(registered: Ports) -> None:
    keep(registered, a_token())
    narrow = replace(a_consent(), version=2, details=some_details("ID01"))

    with registered.work() as tx:
        tx.consents.replace(narrow, expected=1)

    found = live(registered)
    assert found is not None
    assert found.consent == narrow


@pytest.mark.parametrize(("now", "is_live"), [(NOW + 599, True), (NOW + 600, False)])
def test_a_token_lives_until_it_expires(registered: Ports, *, now: int, is_live: bool) -> None:
    keep(registered, a_token())

    assert (live(registered, now=now) is not None) is is_live


@pytest.mark.parametrize(("now", "is_live"), [(NOW + DAY - 1, True), (NOW + DAY, False)])
def test_a_token_lives_no_longer_than_its_consent(
    registered: Ports, *, now: int, is_live: bool
) -> None:
    keep(registered, a_token(expires_at=NOW + 2 * DAY))

    assert (live(registered, now=now) is not None) is is_live


def test_a_token_dies_with_its_consent(registered: Ports) -> None:
    keep(registered, a_token())

    with registered.work() as tx:
        tx.consents.replace(revoked(a_consent()), expected=1)

    assert live(registered) is None


@pytest.mark.parametrize(
    "status", [status for status in ClientStatus if status is not ClientStatus.ACTIVE]
)
def test_a_token_sleeps_while_its_client_is_not_active(
    registered: Ports, status: ClientStatus
) -> None:
    keep(registered, a_token())

    with registered.work() as tx:
        tx.clients.replace(a_client(status=status, version=2), expected=1)

    assert live(registered) is None


def test_a_token_sleeps_while_the_department_is_suspended(registered: Ports) -> None:
    keep(registered, a_token(registry=True))
    suspended = a_department(status=DepartmentStatus.SUSPENDED, version=2)

    with registered.work() as tx:
        tx.departments.replace(suspended, expected=1)

    assert live(registered) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"space": OTHER_SPACE},
        {"grant_id": b"\x77" * 16},
        {"client_id": ClientId("nobody")},
        {"revoked_at": NOW - 1},
    ],
    ids=["another holder's", "no grant", "no client", "revoked"],
)
def test_a_token_that_belongs_to_nothing_live_is_dead(
    registered: Ports, changes: dict[str, Any]
) -> None:
    keep(registered, a_token(**changes))

    assert live(registered) is None


def test_a_dead_token_is_still_found_by_its_hash_alone(registered: Ports) -> None:
    token = keep(registered, a_token(revoked_at=NOW, expires_at=NOW - DAY))

    with registered.read() as tx:
        assert tx.protocol.token(token.token_hash) == token
        assert tx.protocol.token(digest("none")) is None
    assert live(registered, text="none") is None


def test_a_token_is_revoked_once_and_by_its_own_client(registered: Ports) -> None:
    token = keep(registered, a_token())

    with registered.work() as tx:
        answers = [
            tx.protocol.revoke_token(token.token_hash, client_id=client, now=NOW + n)
            for n, client in enumerate((OTHER_CLIENT, CLIENT_ID, CLIENT_ID), start=1)
        ]
        answers.append(tx.protocol.revoke_token(digest("none"), client_id=CLIENT_ID, now=NOW))

    assert answers == [False, True, False, False]
    with registered.read() as tx:
        assert tx.protocol.token(token.token_hash) == replace(token, revoked_at=NOW + 2)


def test_a_family_is_revoked_together_and_what_was_revoked_keeps_its_time(ports: Ports) -> None:
    tokens = [
        a_token("one"),
        a_token("two", revoked_at=NOW - 1),
        a_token("stranger", family_id=digest("another")[:16]),
    ]
    for token in tokens:
        keep(ports, token)

    with ports.work() as tx:
        revoked_now = tx.protocol.revoke_family(tokens[0].family_id, now=NOW + 1)
        again = tx.protocol.revoke_family(tokens[0].family_id, now=NOW + 2)

    assert (revoked_now, again) == (1, 0)
    with ports.read() as tx:
        found = [tx.protocol.token(token.token_hash) for token in tokens]
    assert found == [replace(tokens[0], revoked_at=NOW + 1), *tokens[1:]]


def test_a_token_is_written_once(ports: Ports) -> None:
    keep(ports, a_token())

    with pytest.raises(ConflictError):
        keep(ports, a_token())


# Refresh tokens.


def claimed(ports: Ports, *, now: int = NOW, idle: int = NOW + 700, text: str = "refresh") -> bool:
    token = a_refresh_token()
    with ports.work() as tx:
        return tx.protocol.claim_refresh_token(
            token.family_id, token_hash=digest(text), idle_expires_at=idle, now=now
        )


def test_a_refresh_token_is_kept_whole_and_prolonged_by_each_use(ports: Ports) -> None:
    token = a_refresh_token()
    with ports.work() as tx:
        tx.protocol.add_refresh_token(token)

    uses = [claimed(ports, now=NOW + 1), claimed(ports, now=NOW + 2, idle=NOW + DAY)]

    with ports.read() as tx:
        found = tx.protocol.refresh_token(token.token_hash)
        assert tx.protocol.refresh_token(digest("none")) is None
    assert uses == [True, True]
    assert found == replace(token, idle_expires_at=NOW + DAY)


def test_a_use_keeps_a_refresh_token_under_the_newest_hash(ports: Ports) -> None:
    token = a_refresh_token()
    with ports.work() as tx:
        tx.protocol.add_refresh_token(token)

    uses = [claimed(ports, text="newer"), claimed(ports, text="newer")]

    with ports.read() as tx:
        found = [tx.protocol.refresh_token(digest(text)) for text in ("refresh", "newer")]
    assert uses == [True, True]
    assert found == [
        None,
        replace(token, token_hash=digest("newer"), idle_expires_at=NOW + 700),
    ]


@pytest.mark.parametrize(
    ("changes", "now", "usable"),
    [
        ({}, NOW + 599, True),
        ({}, NOW + 600, False),
        ({"idle_expires_at": NOW + DAY}, NOW + DAY - 1, True),
        ({"idle_expires_at": NOW + DAY}, NOW + DAY, False),
        ({"revoked_at": NOW}, NOW, False),
    ],
    ids=["in use", "idle", "to the end", "over", "revoked"],
)
def test_a_refresh_token_is_used_while_it_lives(
    ports: Ports, changes: dict[str, Any], *, now: int, usable: bool
) -> None:
    with ports.work() as tx:
        tx.protocol.add_refresh_token(a_refresh_token(**changes))

    assert claimed(ports, now=now, idle=NOW + DAY) is usable


def test_a_refresh_token_that_is_not_there_is_not_used(ports: Ports) -> None:
    assert claimed(ports) is False


@pytest.mark.parametrize("changes", [{"token_hash": digest("other")}, {"family_id": b"\x07" * 16}])
def test_a_family_has_one_refresh_token(ports: Ports, changes: dict[str, Any]) -> None:
    with ports.work() as tx:
        tx.protocol.add_refresh_token(a_refresh_token())

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.protocol.add_refresh_token(a_refresh_token(**changes))


def test_a_refresh_token_is_revoked_with_its_family_and_begets_nothing_more(ports: Ports) -> None:
    token, own = a_refresh_token(), a_token()
    with ports.work() as tx:
        tx.protocol.add_refresh_token(token)
        tx.protocol.add_refresh_token(a_refresh_token("stranger", family_id=b"\x07" * 16))
        tx.protocol.add_token(own)

    with ports.work() as tx:
        ended = [tx.protocol.revoke_family(token.family_id, now=NOW + n) for n in (1, 2)]

    with ports.read() as tx:
        found = tx.protocol.refresh_token(token.token_hash), tx.protocol.token(own.token_hash)
        stranger = tx.protocol.refresh_token(digest("stranger"))
    assert ended == [2, 0]
    assert found == (replace(token, revoked_at=NOW + 1), replace(own, revoked_at=NOW + 1))
    assert stranger is not None
    assert stranger.revoked_at is None
    assert claimed(ports) is False


def test_a_revocation_waits_for_a_use_under_way_and_ends_what_that_has_issued(
    ports: Ports,
) -> None:
    token, issued = a_refresh_token(), a_token("issued meanwhile")
    with ports.work() as tx:
        tx.protocol.add_refresh_token(token)
    ended = list[int]()

    def revoke() -> None:
        with ports.work() as tx:
            ended.append(tx.protocol.revoke_family(token.family_id, now=NOW + 1))

    revoking = threading.Thread(target=revoke)
    with ports.work() as tx:
        rows = tx.protocol
        rows.claim_refresh_token(
            token.family_id, token_hash=token.token_hash, idle_expires_at=NOW + 700, now=NOW
        )
        revoking.start()
        revoking.join(0.2)
        waited = revoking.is_alive()
        rows.add_token(issued)
    revoking.join(10)

    with ports.read() as tx:
        found = tx.protocol.token(issued.token_hash)
    assert waited
    assert ended == [2]
    assert found == replace(issued, revoked_at=NOW + 1)
    assert claimed(ports) is False


# What may be shown once.


def test_of_equal_claims_only_the_first_is_new(ports: Ports) -> None:
    proof, assertion = a_claim(), a_claim(kind="assertion")

    with ports.work() as tx:
        first = tx.protocol.claim([proof, a_claim("another"), proof, assertion])
    with ports.work() as tx:
        second = tx.protocol.claim([proof, a_claim("third"), assertion])

    assert first == (True, True, False, True)
    assert second == (False, True, False)


def test_nothing_is_claimed_by_nothing(ports: Ports) -> None:
    with ports.work() as tx:
        assert tx.protocol.claim([]) == ()
