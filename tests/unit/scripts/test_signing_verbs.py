"""The operator sees and changes the keys that sign JWTs, beside a server or without one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.wiring import wire
from scripts.cli import app
from scripts.operator_socket import Plain, listening
from scripts.outcomes import Exit
from scripts.places import Places, embedded_settings, places
from scripts.registering import operator_verbs
from scripts.signing import LIST
from vault.clients.signing_keys import OpeningPurpose, SigningPurpose
from vault.errors import InvalidInputError
from vault.services import Vault


@pytest.fixture
def where(tmp_path: Path) -> Places:
    """A deployment whose server has stopped."""
    found = places(tmp_path / "data")
    with opened(found):
        pass
    return found


@contextmanager
def opened(where: Places) -> Iterator[Vault]:
    with wire(embedded_settings(where, port=8765, demo=True)) as wired:
        yield wired.vault


def myspace(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def listed(vault: Vault) -> list[Plain]:
    found: list[Plain] = operator_verbs(vault, demo=True)[LIST]({})["keys"]
    return found


def test_the_keys_of_a_stopped_server_are_listed(where: Places) -> None:
    result = myspace("keys", "list", "--data", where.data)

    assert result.exit_code == 0
    for purpose in (*SigningPurpose, *OpeningPurpose):
        assert f"{purpose} " in result.output
    assert result.output.count("使用中 · active") == 6


def test_a_successor_is_published_by_the_running_server(where: Places) -> None:
    with opened(where) as vault, listening(where.socket, operator_verbs(vault, demo=True)):
        result = myspace("keys", "rotate", "--purpose", "jarm", "--data", where.data)
        again = myspace("keys", "rotate", "--purpose", "jarm", "--data", where.data)
        keys = listed(vault)

    assert (result.exit_code, again.exit_code) == (0, Exit.DATA)
    assert [key["purpose"] for key in keys if key["state"] == "published"] == ["jarm"]
    assert len(keys) == 7
    assert "wrap" not in json.dumps(keys)


def test_every_key_gets_a_successor_unless_a_purpose_is_named(where: Places) -> None:
    assert myspace("keys", "rotate", "--data", where.data).exit_code == 0

    with opened(where) as vault:
        assert len(listed(vault)) == 12


def test_a_key_that_others_know_is_withdrawn(where: Places) -> None:
    with opened(where) as vault, listening(where.socket, operator_verbs(vault, demo=True)):
        kid = listed(vault)[0]["kid"]
        result = myspace("keys", "withdraw", kid, "--data", where.data)
        left = {key["kid"] for key in listed(vault)}
        unknown = myspace("keys", "withdraw", "-nobody", "--data", where.data)

    assert result.exit_code == 0
    assert kid in result.output
    assert kid not in left
    assert len(left) == 6
    assert unknown.exit_code == Exit.DATA


def test_a_purpose_or_key_that_is_none_is_refused(where: Places) -> None:
    wrong = myspace("keys", "rotate", "--purpose", "guess", "--data", where.data)
    with opened(where) as vault, pytest.raises(InvalidInputError):
        operator_verbs(vault, demo=True)["keys.withdraw"]({"kid": 1})

    assert wrong.exit_code == Exit.DATA
