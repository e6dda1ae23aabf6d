"""Units of work: one state of everything for readers, all or nothing for writers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    CASE_NO,
    DEPARTMENT_ID,
    ENTRY_ID,
    GRANT_ID,
    NOW,
    SPACE,
    a_case,
    a_claim,
    a_client,
    a_code,
    a_consent,
    a_department,
    a_head,
    a_holder,
    a_key,
    a_message,
    a_notice,
    a_pushed_request,
    a_record,
    a_refresh_token,
    a_signin,
    a_token,
    an_attempt,
    an_interaction,
    digest,
    record_key,
    revoked,
)
from vault.clients.protocol import InteractionState
from vault.crypto.contexts import Purpose
from vault.errors import StorageError
from vault.ports import Tx


def test_a_unit_of_work_that_ends_well_is_kept(ports: Ports) -> None:
    with ports.work() as tx:
        tx.protocol.push(a_pushed_request())
        assert tx.protocol.pushed(digest("pushed")) == a_pushed_request()

    with ports.read() as tx:
        assert tx.protocol.pushed(digest("pushed")) == a_pushed_request()


def test_a_unit_of_work_that_raises_leaves_nothing_behind(ports: Ports) -> None:
    with pytest.raises(KeyError, match="in the middle"), ports.work() as tx:
        fail_after_writing(tx)

    with ports.read() as tx:
        assert tx.holders.get(SPACE) is None
        assert tx.protocol.pushed(digest("pushed")) is None
    with ports.work() as tx:
        assert tx.protocol.claim([a_claim()]) == (True,)


def fail_after_writing(tx: Tx) -> None:
    tx.holders.add(a_holder(), numbers=[], keys=[])
    tx.protocol.push(a_pushed_request())
    tx.protocol.claim([a_claim()])
    raise KeyError("in the middle")


def test_a_reader_sees_one_state_whatever_is_written_meanwhile(ports: Ports) -> None:
    with ThreadPoolExecutor(1) as threads, ports.read() as tx:
        before = tx.cases.find(CASE_NO)
        threads.submit(open_case, ports).result(5)
        after = tx.cases.find(CASE_NO)

    assert (before, after) == (None, None)
    with ports.read() as tx:
        assert tx.cases.find(CASE_NO) == a_case()


def open_case(ports: Ports) -> None:
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.cases.add(a_case())


def test_a_reader_sees_nothing_that_is_not_committed(ports: Ports) -> None:
    def find() -> object:
        with ports.read() as tx:
            return tx.protocol.pushed(digest("pushed"))

    with ThreadPoolExecutor(1) as threads, ports.work() as tx:
        tx.protocol.push(a_pushed_request())
        found = threads.submit(find).result(5)

    assert found is None


def test_writers_take_turns(ports: Ports) -> None:
    def count() -> int:
        with ports.work() as tx:
            return tx.protocol.count_try(digest("key"), window_start=0)

    with ThreadPoolExecutor(8) as threads:
        counted = [one.result(10) for one in [threads.submit(count) for _ in range(24)]]

    assert sorted(counted) == list(range(1, 25))


def test_a_thread_has_one_unit_of_work_at_a_time(ports: Ports) -> None:
    with ports.read(), pytest.raises(RuntimeError), ports.work():
        pass
    with ports.work(), pytest.raises(RuntimeError), ports.read():
        pass

    with ports.work() as tx:
        tx.protocol.push(a_pushed_request())


def test_another_thread_may_read_meanwhile(ports: Ports) -> None:
    together = threading.Barrier(2)

    def read() -> bytes | None:
        with ports.read() as tx:
            together.wait(5)
            return tx.system.vault_id()

    with ThreadPoolExecutor(2) as threads:
        found = [one.result(10) for one in [threads.submit(read) for _ in range(2)]]

    assert found[0] == found[1] is not None


WRITES: dict[str, Callable[[Tx], object]] = {
    "system.add": lambda tx: tx.system.add(a_key(Purpose.SERVICE_KEY, b"\x01" * 16, name="x")),
    "holders.add": lambda tx: tx.holders.add(a_holder(), numbers=[], keys=[]),
    "holders.set_profile": lambda tx: tx.holders.set_profile(SPACE, profile=b"x", expected=1),
    "records.add_version": lambda tx: tx.records.add_version(
        a_record(), key=record_key(a_record()), expected=0, entry_id=ENTRY_ID
    ),
    "records.carry_on": lambda tx: tx.records.carry_on(
        a_head(version=2), expected=1, entry_id=ENTRY_ID
    ),
    "consents.add": lambda tx: tx.consents.add(a_consent(), uses=[]),
    "consents.replace": lambda tx: tx.consents.replace(revoked(a_consent()), expected=1),
    "cases.add": lambda tx: tx.cases.add(a_case()),
    "departments.add": lambda tx: tx.departments.add(
        a_department(), tag_key=a_key(Purpose.DEPARTMENT_TAG_KEY, DEPARTMENT_ID)
    ),
    "clients.add": lambda tx: tx.clients.add(a_client()),
    "policies.activate": lambda tx: tx.policies.activate(b"\x01" * 32, text="permit"),
    "notices.add": lambda tx: tx.notices.add([a_notice(7)]),
    "notices.mark_read": lambda tx: tx.notices.mark_read(SPACE, at_ms=1),
    "push": lambda tx: tx.protocol.push(a_pushed_request("new")),
    "spend_pushed": lambda tx: tx.protocol.spend_pushed(digest("pushed"), now=NOW),
    "open_interaction": lambda tx: tx.protocol.open_interaction(an_interaction("new")),
    "bind_interaction": lambda tx: tx.protocol.bind_interaction(
        an_interaction().interaction_id, signin_hash=digest("signin")
    ),
    "close_interaction": lambda tx: tx.protocol.close_interaction(
        an_interaction().interaction_id, state=InteractionState.DENIED
    ),
    "add_code": lambda tx: tx.protocol.add_code(a_code("new")),
    "spend_code": lambda tx: tx.protocol.spend_code(
        digest("code"), client_id=a_code().client_id, now=NOW
    ),
    "add_token": lambda tx: tx.protocol.add_token(a_token("new")),
    "revoke_token": lambda tx: tx.protocol.revoke_token(
        digest("token"), client_id=a_token().client_id, now=NOW
    ),
    "revoke_family": lambda tx: tx.protocol.revoke_family(a_token().family_id, now=NOW),
    "add_refresh_token": lambda tx: tx.protocol.add_refresh_token(
        a_refresh_token("new", family_id=digest("new")[:16])
    ),
    "claim_refresh_token": lambda tx: tx.protocol.claim_refresh_token(
        a_refresh_token().family_id,
        token_hash=digest("refresh"),
        idle_expires_at=NOW + 1,
        now=NOW,
    ),
    "claim": lambda tx: tx.protocol.claim([a_claim()]),
    "count_try": lambda tx: tx.protocol.count_try(digest("key"), window_start=0),
    "forgive_try": lambda tx: tx.protocol.forgive_try(digest("key"), window_start=0),
    "add_attempt": lambda tx: tx.protocol.add_attempt(an_attempt("new")),
    "try_attempt": lambda tx: tx.protocol.try_attempt(digest("attempt"), most=5, now=NOW),
    "spend_attempt": lambda tx: tx.protocol.spend_attempt(digest("attempt"), now=NOW),
    "add_signin": lambda tx: tx.protocol.add_signin(a_signin("new")),
    "touch_signin": lambda tx: tx.protocol.touch_signin(digest("signin"), idle_expires_at=NOW),
    "end_signin": lambda tx: tx.protocol.end_signin(digest("signin"), now=NOW),
    "enqueue": lambda tx: tx.protocol.enqueue(a_message("new")),
    "message_done": lambda tx: tx.protocol.message_done(a_message().message_id, now=NOW),
    "sweep": lambda tx: tx.protocol.sweep(now=10 * NOW, limit=9),
}


@pytest.fixture
def filled(ports: Ports) -> Ports:
    """Return a vault in which each of these writes would find what it writes to."""
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.notices.add([a_notice()])
        tx.protocol.push(a_pushed_request())
        tx.protocol.open_interaction(an_interaction())
        tx.protocol.add_code(a_code())
        tx.protocol.add_token(a_token())
        tx.protocol.add_refresh_token(a_refresh_token())
        tx.protocol.add_attempt(an_attempt())
        for _ in range(2):
            tx.protocol.count_try(digest("key"), window_start=0)
        tx.protocol.add_signin(a_signin())
        tx.protocol.enqueue(a_message())
    return ports


@pytest.mark.parametrize("write", list(WRITES))
def test_a_unit_of_work_that_reads_writes_nothing(filled: Ports, write: str) -> None:
    if write in {"records.carry_on", "consents.replace"}:
        with filled.work() as tx:
            tx.consents.add(a_consent(), uses=[])
            record = a_record()
            tx.records.add_version(record, key=record_key(record), expected=0, entry_id=ENTRY_ID)

    with pytest.raises(StorageError), filled.read() as tx:
        WRITES[write](tx)

    with filled.work() as tx:  # The connection that was refused writes again.
        tx.protocol.count_try(digest("after"), window_start=0)
        assert tx.consents.uses(SPACE, grant_id=GRANT_ID) == {}
