import ctypes
import resource
import subprocess
import sys
from types import SimpleNamespace

import pytest

from vault.crypto.memory import harden_process

SHOW = """
import ctypes, resource
from vault.crypto.memory import harden_process
print(harden_process(), resource.getrlimit(resource.RLIMIT_CORE))
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_a_hardened_process_leaves_no_core_and_cannot_be_traced() -> None:
    shown = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", SHOW], capture_output=True, check=True, text=True
    )

    assert shown.stdout.split("\n") == ["() (0, 0)", "0", ""]


def test_what_the_system_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise the limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(prctl=lambda *_: -1))

    assert harden_process() == (
        "core dumps could not be limited to nothing",
        "the process could not be made undumpable",
    )


def test_a_system_that_grants_everything_leaves_nothing_to_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(prctl=lambda *_: 0))

    assert harden_process() == ()


def test_a_system_without_prctl_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace())

    assert harden_process() == ("this system has no prctl",)
