"""Rows of a release without hashes are sealed once, after everything was verified."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.checks import State
from scripts.outcomes import OperatorError
from scripts.rows_looked import guarded_rows_hold
from scripts.sealing_rows import Sealed, seal_rows
from storage.row_macs import GUARDED, NAME
from tests.support.adversary import Deployment, deployed, faults, verified
from tests.support.founding import open_vault, settings_of
from tests.support.on_disk import entries, opened
from tests.support.town import Town
from vault.errors import KeyUnavailableError
from vault.journal.entries import Kind


def told(_done: int, _of: int) -> None:
    """Show nobody how far it is."""


def as_an_older_release_left_it(folder: Path, *, more: Callable[[Deployment], object]) -> bytes:
    """Return the token of a department in a deployment that has no hashes."""
    with deployed(folder) as at:
        assert at.pull() == "released"
        token = at.granted.live.token.token_hash
        for table in GUARDED:
            at.say(f"UPDATE {table} SET mac = NULL")  # noqa: S608 - names of our own
        at.say("DELETE FROM guarded_state")
        at.say("DELETE FROM system_key WHERE name = ?", NAME)
        more(at)
    return token


def test_what_was_not_sealed_is_not_served_until_it_is(folder: Path) -> None:
    token = as_an_older_release_left_it(folder, more=lambda _: None)
    with pytest.raises(KeyUnavailableError, match="seal"), open_vault(folder):
        pass
    before = faults(verified(folder))

    sealed = seal_rows(settings_of(folder), progress=told)

    with open_vault(folder) as vault:
        town = Town(vault)
        live = town.live(token)
        assert live is not None
        town.pull(live)
        town.deposit(8, name="李示例")
    assert before == {"rows-unsealed"}
    assert sealed.rows >= 8
    assert verified(folder).good
    with opened(folder) as found:
        kinds = [entry.kind for entry in entries(found).values()]
    assert kinds.count(Kind.LOG_ROWS_SEALED) == 1


def test_nothing_is_sealed_that_the_journal_does_not_bear_out(folder: Path) -> None:
    def revives(at: Deployment) -> None:
        at.say("UPDATE oauth_grant SET version = version + 1")

    as_an_older_release_left_it(folder, more=revives)

    refused = seal_rows(settings_of(folder), progress=told)

    assert refused == Sealed(refused.verified, 0, None)
    assert "state-differs" in faults(refused.verified)
    with pytest.raises(KeyUnavailableError), open_vault(folder):
        pass


@pytest.mark.parametrize("gone", ["nothing", "the key"])
def test_rows_are_sealed_once(folder: Path, gone: str) -> None:
    """Else whoever takes the key away would have invented rows sealed."""
    with deployed(folder) as at:
        if gone == "the key":
            at.say("DELETE FROM system_key WHERE name = ?", NAME)

    with pytest.raises(OperatorError, match="sealed before"):
        seal_rows(settings_of(folder), progress=told)


@pytest.mark.parametrize(
    ("statement", "state", "step"),
    [
        ("SELECT 1", State.GOOD, ""),
        ("UPDATE holder SET created_at_ms = 1", State.BAD, "myspace journal verify"),
        ("DELETE FROM system_key WHERE name = 'row-macs'", State.BAD, "myspace journal seal"),
    ],
    ids=["nothing", "a row", "the key"],
)
def test_doctor_says_what_became_of_the_rows(
    folder: Path, statement: str, state: State, step: str
) -> None:
    with deployed(folder) as at:
        at.say(statement)

    with opened(folder) as found:
        [looked] = guarded_rows_hold(found)

    assert looked.state is state
    assert step in looked.step.en
