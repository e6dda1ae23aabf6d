"""The courier: every code is delivered, failures are tried again, and it ends when it is told."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.gateway import delivering
from scripts.local.process import became
from tests.support.founding import found_town, open_vault
from tests.support.town import Town
from vault.services import Vault
from vault.services.outbox import ONE_TIME_CODE, Outgoing, enqueue, waiting

CONTACT = "+8613900000000"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    found_town(tmp_path)
    with open_vault(tmp_path) as opened:
        Town(opened).deposit(1, name="张示例", contact=CONTACT)
        yield opened


@pytest.fixture
def turn(tmp_path: Path) -> Path:
    return tmp_path / "courier.lock"


class Recording:
    """Fails as often as it is told, then keeps what it gets."""

    def __init__(self, *, failures: int = 0) -> None:
        self.failures = failures
        self.got: list[tuple[str, str]] = []

    def deliver(self, message: Outgoing) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no network")
        self.got.append((message.contact, message.code))


def ask_for(vault: Vault, code: str) -> None:
    space = Town(vault).space(1)
    with vault.work() as tx:
        enqueue(
            vault,
            tx,
            space,
            kind=ONE_TIME_CODE,
            code=code,
            at_ms=vault.clock.now_ms(),
        )


def soon(happened: Callable[[], bool]) -> bool:
    return became(happened, seconds=20)


def couriers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "courier"]


def test_a_code_is_delivered_once_to_its_contact(vault: Vault, turn: Path) -> None:
    gateway = Recording()

    with delivering(vault, gateway=gateway, turn=turn):
        ask_for(vault, "123456")
        assert soon(lambda: waiting(vault, limit=1) == ())

    assert gateway.got == [(CONTACT, "123456")]


def test_what_cannot_be_delivered_is_tried_again(vault: Vault, turn: Path) -> None:
    gateway = Recording(failures=2)
    ask_for(vault, "123456")

    with delivering(vault, gateway=gateway, turn=turn):
        assert soon(lambda: waiting(vault, limit=1) == ())

    assert gateway.got == [(CONTACT, "123456")]


def test_what_was_not_delivered_waits_for_the_next_start(vault: Vault, turn: Path) -> None:
    ask_for(vault, "123456")
    failing = Recording(failures=1_000)
    with delivering(vault, gateway=failing, turn=turn):
        assert soon(lambda: failing.failures < 1_000)
    gateway = Recording()

    with delivering(vault, gateway=gateway, turn=turn):
        assert soon(lambda: gateway.got == [(CONTACT, "123456")])

    assert couriers() == []


def test_of_two_couriers_one_delivers_and_the_other_takes_over(vault: Vault, turn: Path) -> None:
    first, second = Recording(), Recording()
    with delivering(vault, gateway=second, turn=turn) as _:
        with delivering(vault, gateway=first, turn=turn):
            for number in range(20):
                ask_for(vault, f"{number:06}")
            assert soon(lambda: waiting(vault, limit=1) == ())
        ask_for(vault, "999999")
        assert soon(lambda: waiting(vault, limit=1) == ())

    got = sorted(code for _, code in first.got + second.got)
    assert got == [*(f"{number:06}" for number in range(20)), "999999"]
