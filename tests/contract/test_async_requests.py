"""Requests of kiosks and counters: each step once, whoever else tries at the same time."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    AUTHENTICATION,
    CLIENT_ID,
    DAY,
    GRANT_ID,
    NOW,
    OTHER_SPACE,
    SPACE,
    digest,
)
from vault.clients.async_requests import (
    Approval,
    AsyncKind,
    AsyncRequest,
    AsyncState,
    ShownCode,
)
from vault.clients.confirmation import Confirmation
from vault.clients.levels import AAL2, AAL3
from vault.errors import ConflictError
from vault.ids import ClientId

OTHER_CLIENT = ClientId("other")


def a_request(text: str = "device", **changes: Any) -> AsyncRequest:  # noqa: ANN401 - any column
    plain = AsyncRequest(
        request_id=digest(text)[:16],
        kind=AsyncKind.DEVICE,
        code_hash=digest(f"{text} code"),
        user_code_hash=digest(f"{text} user code"),
        client_id=CLIENT_ID,
        space=SPACE,
        params=b"sealed",
        cnf=Confirmation.key("thumbprint"),
        interval=5,
        created_at=NOW,
        expires_at=NOW + 600,
    )
    return replace(plain, **changes)


def asked_at_a_counter(text: str = "ciba", **changes: Any) -> AsyncRequest:  # noqa: ANN401 - any column
    usual = {"kind": AsyncKind.CIBA, "user_code_hash": None, "notify": b"sealed token"}
    return a_request(text, **(usual | changes))


def approval_of(request: AsyncRequest) -> Approval:
    return Approval(
        request_id=request.request_id,
        grant_id=GRANT_ID,
        scope="ev:identity:resident_id_card:verify",
        auth=AUTHENTICATION,
    )


def kept(ports: Ports, *requests: AsyncRequest) -> None:
    with ports.work() as tx:
        for request in requests:
            tx.protocol.add_async(request)


def test_a_request_is_kept_whole_and_found_by_each_of_its_names(ports: Ports) -> None:
    device, ciba = a_request(), asked_at_a_counter(space=None)
    kept(ports, device, ciba)

    with ports.read() as tx:
        rows = tx.protocol
        found = [
            rows.async_request(device.request_id),
            rows.async_of_code(device.code_hash),
            rows.async_of_user_code(digest("device user code")),
            rows.async_request(ciba.request_id),
            rows.async_of_code(ciba.code_hash),
        ]
        lost = [
            rows.async_request(bytes(16)),
            rows.async_of_code(digest("none")),
            rows.async_of_user_code(digest("none")),
        ]

    assert found == [device] * 3 + [ciba] * 2
    assert lost == [None] * 3


@pytest.mark.parametrize("taken", ["code_hash", "user_code_hash"])
def test_a_code_stands_for_one_request(ports: Ports, taken: str) -> None:
    kept(ports, a_request())
    twin = a_request("twin", **{taken: getattr(a_request(), taken)})

    with pytest.raises(ConflictError):
        kept(ports, twin)


def test_a_holder_is_told_of_what_counters_wait_for(ports: Ports) -> None:
    waiting = asked_at_a_counter("later", created_at=NOW + 5)
    first = asked_at_a_counter("first")
    denied = asked_at_a_counter("denied")
    others = [
        asked_at_a_counter("other", space=OTHER_SPACE),
        asked_at_a_counter("nobody", space=None),
        asked_at_a_counter("expired", expires_at=NOW + 10),
        a_request("device"),
    ]
    kept(ports, waiting, first, denied, *others)
    with ports.work() as tx:
        tx.protocol.deny_async(denied.request_id, now=NOW)

    with ports.read() as tx:
        assert tx.protocol.async_waiting(SPACE, now=NOW + 10) == (first, waiting)


def test_a_request_is_bound_to_the_sign_in_that_opens_it_first(ports: Ports) -> None:
    request, decided = a_request(), a_request("decided")
    kept(ports, request, decided)
    with ports.work() as tx:
        tx.protocol.deny_async(decided.request_id, now=NOW)

    with ports.work() as tx:
        rows = tx.protocol
        bound = [
            rows.bind_async(request.request_id, signin_hash=digest("one")),
            rows.bind_async(request.request_id, signin_hash=digest("other")),
            rows.bind_async(decided.request_id, signin_hash=digest("one")),
            rows.bind_async(bytes(16), signin_hash=digest("one")),
        ]

    assert bound == [True, False, False, False]
    with ports.read() as tx:
        found = tx.protocol.async_request(request.request_id)
    assert found == replace(request, signin_hash=digest("one"))


def test_polls_that_come_too_fast_make_the_interval_longer_for_good(ports: Ports) -> None:
    request = a_request()
    kept(ports, request)

    with ports.work() as tx:
        polled = [
            tx.protocol.poll_async(request.request_id, now=NOW + second)
            for second in (0, 5, 9, 18, 33)
        ]

    assert polled == [True, True, False, False, True]
    with ports.read() as tx:
        found = tx.protocol.async_request(request.request_id)
    assert found == replace(request, polled_at=NOW + 33, interval=15)


def test_what_is_decided_or_unknown_counts_no_polls(ports: Ports) -> None:
    request = a_request()
    kept(ports, request)
    with ports.work() as tx:
        tx.protocol.deny_async(request.request_id, now=NOW)

    with ports.work() as tx:
        polled = [tx.protocol.poll_async(one, now=NOW) for one in (request.request_id, bytes(16))]

    assert polled == [False, False]
    with ports.read() as tx:
        found = tx.protocol.async_request(request.request_id)
    assert found == replace(request, state=AsyncState.DENIED)


def test_a_request_is_decided_once(ports: Ports) -> None:
    approved, denied, late = a_request(), a_request("denied"), a_request("late")
    kept(ports, approved, denied, late)

    with ports.work() as tx:
        rows = tx.protocol
        decided = [
            rows.approve_async(approval_of(approved), now=NOW),
            rows.deny_async(approved.request_id, now=NOW),
            rows.deny_async(denied.request_id, now=NOW),
            rows.approve_async(approval_of(denied), now=NOW),
            rows.approve_async(approval_of(late), now=NOW + 600),
            rows.deny_async(late.request_id, now=NOW + 600),
        ]

    assert decided == [True, False, True, False, False, False]
    with ports.read() as tx:
        rows = tx.protocol
        found = [rows.async_request(one.request_id) for one in (approved, denied, late)]
    assert found == [
        replace(approved, state=AsyncState.APPROVED, approval=approval_of(approved)),
        replace(denied, state=AsyncState.DENIED),
        late,
    ]


def test_a_request_ends_once_for_want_of_a_stronger_sign_in(ports: Ports) -> None:
    unmet, nobodys, late = a_request(), asked_at_a_counter(space=None), a_request("late")
    kept(ports, unmet, nobodys, late)

    with ports.work() as tx:
        rows = tx.protocol
        ended = [
            rows.end_unmet(unmet.request_id, acr=AAL2, now=NOW),
            rows.end_unmet(unmet.request_id, acr=AAL3, now=NOW),
            rows.approve_async(approval_of(unmet), now=NOW),
            rows.end_unmet(nobodys.request_id, acr=AAL2, now=NOW),
            rows.end_unmet(late.request_id, acr=AAL2, now=NOW + 600),
            rows.end_unmet(bytes(16), acr=AAL2, now=NOW),
        ]

    assert ended == [True, False, False, True, False, False]
    with ports.read() as tx:
        found = [tx.protocol.async_request(one.request_id) for one in (unmet, nobodys, late)]
    assert found == [
        replace(unmet, state=AsyncState.DENIED, unmet=AAL2),
        replace(nobodys, state=AsyncState.DENIED, unmet=AAL2),
        late,
    ]


def test_an_approved_request_is_redeemed_once_by_its_client_in_time(ports: Ports) -> None:
    request, pending, late = a_request(), a_request("pending"), a_request("late")
    kept(ports, request, pending, late)
    with ports.work() as tx:
        for one in (request, late):
            tx.protocol.approve_async(approval_of(one), now=NOW)

    with ports.work() as tx:
        redeemed = [
            tx.protocol.redeem_async(one.request_id, client_id=client_id, now=now)
            for one, client_id, now in (
                (request, OTHER_CLIENT, NOW),
                (request, CLIENT_ID, NOW),
                (request, CLIENT_ID, NOW),
                (pending, CLIENT_ID, NOW),
                (late, CLIENT_ID, NOW + 600),
            )
        ]

    assert redeemed == [False, True, False, False, False]
    with ports.read() as tx:
        found = tx.protocol.async_request(request.request_id)
    assert found == replace(request, state=AsyncState.CONSUMED, approval=approval_of(request))


def test_of_many_redemptions_at_once_one_is_told_so(ports: Ports) -> None:
    request = a_request()
    kept(ports, request)
    with ports.work() as tx:
        tx.protocol.approve_async(approval_of(request), now=NOW)
    told: list[bool] = []
    start = threading.Barrier(8)

    def redeem() -> None:
        start.wait()
        with ports.work() as tx:
            told.append(tx.protocol.redeem_async(request.request_id, client_id=CLIENT_ID, now=NOW))

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == [False] * 7 + [True]


def test_a_shown_code_is_claimed_once_and_in_time(ports: Ports) -> None:
    with ports.work() as tx:
        for text in ("one", "late"):
            code = ShownCode(code_hash=digest(text), space=SPACE, expires_at=NOW + 300)
            tx.protocol.add_shown_code(code)

    with ports.work() as tx:
        claimed = [
            tx.protocol.claim_shown_code(digest(text), now=now)
            for text, now in (
                ("one", NOW),
                ("one", NOW),
                ("late", NOW + 300),
                ("none", NOW),
            )
        ]

    assert claimed == [SPACE, None, None, None]


def test_a_screen_shows_a_code_that_nobody_else_has(ports: Ports) -> None:
    code = ShownCode(code_hash=digest("one"), space=SPACE, expires_at=NOW + 300)
    with ports.work() as tx:
        tx.protocol.add_shown_code(code)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.protocol.add_shown_code(replace(code, space=OTHER_SPACE))


def test_what_has_expired_a_day_ago_is_swept(ports: Ports) -> None:
    old, young = a_request("old"), asked_at_a_counter("young", expires_at=NOW + 700)
    kept(ports, old, young)
    with ports.work() as tx:
        for text, ends in (("old", NOW + 600), ("young", NOW + 700)):
            code = ShownCode(code_hash=digest(text), space=SPACE, expires_at=ends)
            tx.protocol.add_shown_code(code)

    with ports.work() as tx:
        gone = tx.protocol.sweep(now=NOW + 600 + DAY, limit=10)

    assert gone == 2
    with ports.work() as tx:
        rows = tx.protocol
        assert rows.async_request(old.request_id) is None
        assert rows.async_request(young.request_id) == young
        assert rows.claim_shown_code(digest("old"), now=NOW) is None
        assert rows.claim_shown_code(digest("young"), now=NOW) == SPACE
