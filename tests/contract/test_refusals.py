"""Refused requests: kept for a week, and for each client no more than there is room for."""

from dataclasses import replace

from tests.support.ports import Ports
from tests.support.vault_values import CLIENT_ID, NOW
from vault.clients.refusals import KEPT_SECONDS, MOST_OF_A_CLIENT, RefusedRequest
from vault.ids import ClientId

ONE = RefusedRequest(
    correlation="0123456789abcdef",
    client_id=CLIENT_ID,
    proven=True,
    at=NOW,
    method="POST",
    path="/oauth/token",
    status=400,
    error="invalid_grant",
    reason="the code was used before",
)


def test_a_refusal_is_kept_whole(ports: Ports) -> None:
    named = replace(ONE, correlation="fedcba9876543210", proven=False, at=NOW + 1)

    with ports.work() as tx:
        tx.refusals.keep([])
        tx.refusals.keep([ONE, named])

    with ports.read() as tx:
        assert tx.refusals.get(ONE.correlation) == ONE
        assert tx.refusals.get("none") is None
        assert tx.refusals.of_client(CLIENT_ID, limit=9) == (named, ONE)
        assert tx.refusals.of_client(CLIENT_ID, limit=1) == (named,)
        assert tx.refusals.of_client(ClientId("other"), limit=9) == ()


def test_what_is_sent_in_a_clients_name_pushes_out_nothing_that_it_proved(ports: Ports) -> None:
    flood = [
        replace(ONE, correlation=f"{number:016x}", proven=False, at=NOW + number)
        for number in range(MOST_OF_A_CLIENT + 5)
    ]
    with ports.work() as tx:
        tx.refusals.keep([replace(ONE, correlation="proven", at=NOW - 9)])
        tx.refusals.keep([replace(ONE, correlation="other", client_id=ClientId("other"))])
        tx.refusals.keep(flood)

    with ports.read() as tx:
        left = tx.refusals.of_client(CLIENT_ID, limit=1000)
        assert tx.refusals.get("other") is not None
    assert [one.correlation for one in left] == [
        *(one.correlation for one in flood[:4:-1]),
        "proven",
    ]


def test_a_refusal_goes_after_a_week(ports: Ports) -> None:
    with ports.work() as tx:
        tx.refusals.keep([ONE])
        early = tx.protocol.sweep(now=NOW + KEPT_SECONDS - 1, limit=10)
        late = tx.protocol.sweep(now=NOW + KEPT_SECONDS, limit=10)

    assert (early, late) == (0, 1)
