"""One world per test."""

import importlib.util
import sys
import types
from collections.abc import Iterator

import pytest

if importlib.util.find_spec("vault.services") is None:
    _m = types.ModuleType("vault.services")
    _m.Vault = object
    _m.__path__ = []
    sys.modules["vault.services"] = _m
    _g = types.ModuleType("vault.services.give_consent")

    class Any_(types.SimpleNamespace):
        pass

    _g.GiveConsent = _g.DenyConsent = Any_
    _g.give_consent = _g.deny_consent = lambda *a: None
    sys.modules["vault.services.give_consent"] = _g

from tests.support.oauth_world import World


@pytest.fixture
def world() -> Iterator[World]:
    """Return a server that nobody has used."""
    found = World()
    with found.http:
        yield found
