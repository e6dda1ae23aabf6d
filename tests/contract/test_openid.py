"""What clients know people by, and which of them hear of the end of a sign-in."""

from tests.support.ports import Ports
from tests.support.vault_values import (
    CLIENT_ID,
    DEPARTMENT_ID,
    OTHER_DEPARTMENT_ID,
    OTHER_SPACE,
    SPACE,
)
from vault.clients.told import ToldClient
from vault.ids import ClientId

NOW = 1_795_000_000
SID, OTHER_SID = b"\x51" * 16, b"\x52" * 16
SUB, NEW = b"\x61" * 16, b"\x62" * 16


def told(client_id: ClientId = CLIENT_ID, sid: bytes = SID, expires_at: int = NOW) -> ToldClient:
    return ToldClient(sid=sid, client_id=client_id, sub=SUB, expires_at=expires_at)


def test_a_department_knows_a_person_by_one_name_for_good(ports: Ports) -> None:
    with ports.work() as tx:
        assert tx.protocol.subject(SPACE, sector=DEPARTMENT_ID) is None
        first = tx.protocol.add_subject(SPACE, sector=DEPARTMENT_ID, fresh=SUB)
        again = tx.protocol.add_subject(SPACE, sector=DEPARTMENT_ID, fresh=NEW)
        other = tx.protocol.add_subject(SPACE, sector=OTHER_DEPARTMENT_ID, fresh=NEW)

    assert (first, again, other) == (SUB, SUB, NEW)
    with ports.read() as tx:
        assert tx.protocol.subject(SPACE, sector=DEPARTMENT_ID) == SUB
        assert tx.protocol.subject(OTHER_SPACE, sector=DEPARTMENT_ID) is None


def test_all_clients_that_were_told_of_a_sign_in_hear_of_its_end_once(ports: Ports) -> None:
    second = told(ClientId("second"))
    with ports.work() as tx:
        goes_on = [
            tx.protocol.tell_client(one) for one in (told(), second, told(), told(sid=OTHER_SID))
        ]
        before = tx.protocol.told_ended(SID)

    with ports.work() as tx:
        first = tx.protocol.end_told(SID, expires_at=NOW, now=NOW)
        again = tx.protocol.end_told(SID, expires_at=NOW, now=NOW + 1)

    assert (goes_on, before) == ([True] * 4, False)
    assert (sorted(first, key=lambda one: one.client_id), again) == (
        sorted([told(), second], key=lambda one: one.client_id),
        (),
    )
    with ports.read() as tx:
        assert (tx.protocol.told_ended(SID), tx.protocol.told_ended(OTHER_SID)) == (True, False)


def test_nobody_is_told_of_a_sign_in_that_has_ended(ports: Ports) -> None:
    with ports.work() as tx:
        nobody = tx.protocol.end_told(SID, expires_at=NOW, now=NOW)
        late = tx.protocol.tell_client(told())

    assert (nobody, late) == ((), False)


def test_a_sign_in_is_remembered_until_it_cannot_last_any_longer(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.tell_client(told(expires_at=NOW + 100))
        tx.protocol.tell_client(told(ClientId("second"), expires_at=NOW))
        tx.protocol.end_told(OTHER_SID, expires_at=NOW, now=NOW)

    with ports.work() as tx:
        swept = tx.protocol.sweep(now=NOW, limit=10)

    with ports.work() as tx:
        assert swept == 2
        assert tx.protocol.told_ended(OTHER_SID) is False
        assert tx.protocol.end_told(SID, expires_at=NOW, now=NOW) == (told(expires_at=NOW + 100),)


def test_a_sign_in_goes_on_as_the_next_one_in_the_same_browser(ports: Ports) -> None:
    first, second, third = SID, OTHER_SID, b"\x53" * 16
    late = told(ClientId("late"), first, NOW + 9)
    with ports.work() as tx:
        tx.protocol.tell_client(told(sid=first, expires_at=NOW + 9))
        tx.protocol.lead_told(first, to=second, expires_at=NOW + 9)
        tx.protocol.tell_client(told(sid=second, expires_at=NOW + 9))
        tx.protocol.lead_told(second, to=third, expires_at=NOW + 9)
        tx.protocol.tell_client(late)

    with ports.work() as tx:
        before = [tx.protocol.told_ended(one) for one in (first, second, third)]
        heard = tx.protocol.end_told(third, expires_at=NOW + 9, now=NOW)
        after = [tx.protocol.told_ended(one) for one in (first, second, third)]
        again = tx.protocol.tell_client(late)

    assert (before, after, again) == ([False] * 3, [True] * 3, False)
    assert sorted((one.client_id, one.sid) for one in heard) == [
        ("late", first),
        (CLIENT_ID, first),
        (CLIENT_ID, second),
    ]
