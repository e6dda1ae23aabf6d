"""The demonstration's data, complete after any start and never twice; the operator's acts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from policies.departments import departments
from scripts.demo_clients import FILE_NAME, draw_clients, registration
from scripts.demo_data import fill
from scripts.demo_people import papers, people
from scripts.operator_socket import Plain
from scripts.outcomes import Exit, OperatorError
from scripts.registering import REGISTER, RESUME, SUSPEND, operator_verbs, register
from tests.support.founding import open_vault
from vault.clients import ClientStatus
from vault.clock import legal_day
from vault.errors import (
    ConflictError,
    InvalidInputError,
    JournalUnavailableError,
    NotFoundError,
)
from vault.identifiers import parse
from vault.ids import ClientId, Space
from vault.journal.operations import Change, Disclosure, Journal, Outcome, Pending
from vault.services import Vault
from vault.services.open_space import find_space, profile_of

POLICE = "11110105PDY0010207"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as opened:
        yield opened


class Failing:
    """A journal that is gone after some operations."""

    def __init__(self, journal: Journal, *, after: int) -> None:
        self._journal, self._left = journal, after

    @property
    def waiting(self) -> bool:
        return self._journal.waiting

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        self._count()
        return self._journal.enqueue(operation)

    def submit(self, operation: Change | Disclosure) -> Outcome:
        self._count()
        return self._journal.submit(operation)

    def _count(self) -> None:
        if not self._left:
            raise JournalUnavailableError("gone")
        self._left -= 1


def space_of(vault: Vault, key: str) -> Space:
    holder = people()[key]
    number = parse(holder.kind, holder.number, today=legal_day(vault.clock.now_ms()))
    with vault.read() as tx:
        found = find_space(vault, tx, number)
    assert found is not None
    return found


def held(vault: Vault) -> list[tuple[str, str]]:
    found = []
    for key in people():
        space = space_of(vault, key)
        with vault.read() as tx:
            found += [(key, head.code) for head in tx.records.heads(space)]
    return sorted(found)


def size(vault: Vault) -> int:
    return int(vault.logs[0].checkpoint().splitlines()[1])


SEEDED = sorted((paper.holder.key, paper.code) for paper in papers() if not paper.told)


def test_the_first_start_enters_departments_systems_and_evidence(
    vault: Vault, tmp_path: Path
) -> None:
    fill(vault, folder=tmp_path / "demo")

    assert held(vault) == SEEDED
    with vault.read() as tx:
        assert {client.department_id for client in tx.clients.all()} == {
            department.department_id
            for code in departments()
            if (department := tx.departments.find(code)) is not None
        }
        assert len(tx.clients.all()) == len(departments())


def test_a_second_start_adds_nothing(vault: Vault, tmp_path: Path) -> None:
    fill(vault, folder=tmp_path / "demo")
    before = size(vault)

    fill(vault, folder=tmp_path / "demo")

    assert size(vault) == before


@pytest.mark.parametrize("after", [0, 1, 17, 18, 19, 22, 26])
def test_a_start_after_a_crash_adds_what_is_missing(
    vault: Vault, tmp_path: Path, after: int
) -> None:
    crashed = replace(vault, journal=Failing(vault.journal, after=after))
    with pytest.raises(JournalUnavailableError):
        fill(crashed, folder=tmp_path / "demo")

    fill(vault, folder=tmp_path / "demo")

    assert held(vault) == SEEDED


def test_holders_can_be_reached_for_one_time_codes(vault: Vault, tmp_path: Path) -> None:
    fill(vault, folder=tmp_path / "demo")

    for key, person in people().items():
        space = space_of(vault, key)
        with vault.read() as tx:
            holder, wraps = tx.holders.get(space), tx.holders.keys(space)
        assert holder is not None
        data_key = next(one for one in wraps if one.purpose.value == "holder-data-key")
        profile = profile_of(vault, holder, data_key=data_key)
        assert (profile.name, profile.contact) == (person.name, person.contact)


def test_lost_keys_of_registered_systems_are_told(vault: Vault, tmp_path: Path) -> None:
    fill(vault, folder=tmp_path / "demo")
    (tmp_path / "demo" / FILE_NAME).unlink()

    with pytest.raises(OperatorError) as refusal:
        fill(vault, folder=tmp_path / "demo")

    assert refusal.value.told.code is Exit.CONFIGURATION
    assert "demo/clients.json" in refusal.value.told.text.zh


# -- the operator's acts -------------------------------------------------------------------


def file_of(folder: Path, **changes: object) -> dict[str, object]:
    client = next(one for one in draw_clients(folder) if one.department == POLICE)
    return registration(client) | changes


def entered(vault: Vault, folder: Path, **changes: object) -> Plain:
    return register(vault, json.dumps(file_of(folder, **changes)), demo=True)


def test_a_registration_enters_its_department_first(vault: Vault, tmp_path: Path) -> None:
    before = size(vault)

    done = entered(vault, tmp_path)

    assert done == {"client_id": done["client_id"], "department": POLICE, "index": before + 1}
    with vault.read() as tx:
        department = tx.departments.find(POLICE)
        client = tx.clients.get(ClientId(done["client_id"]))
    assert department is not None
    assert client is not None
    assert client.department_id == department.department_id


def test_a_second_system_joins_the_department_that_is_there(vault: Vault, tmp_path: Path) -> None:
    entered(vault, tmp_path)
    before = size(vault)

    done = entered(vault, tmp_path, client_id="second")

    assert done["index"] == before


def test_a_system_is_registered_once(vault: Vault, tmp_path: Path) -> None:
    entered(vault, tmp_path)

    with pytest.raises(ConflictError):
        entered(vault, tmp_path)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"department": "11110105PDY009999X"}, "department"),
        ({"evidence": {"XX99": "full"}}, "evidence"),
        ({"issue_codes": ["ID99"]}, "issue_codes"),
        ({"service_items": ["11110105PDY001012C4000131020100"]}, "service_items"),
    ],
)
def test_what_nobody_knows_is_refused_and_nothing_is_entered(
    vault: Vault, tmp_path: Path, changes: dict[str, object], names: str
) -> None:
    before = size(vault)

    with pytest.raises(OperatorError) as refusal:
        entered(vault, tmp_path, **changes)

    assert refusal.value.told.code is Exit.DATA
    assert names in refusal.value.told.text.en
    assert size(vault) == before


def test_what_a_profile_cannot_have_enters_not_even_the_department(
    vault: Vault, tmp_path: Path
) -> None:
    text = json.dumps(file_of(tmp_path, redirect_uris=["http://127.0.0.1/cb"]))
    before = size(vault)

    with pytest.raises(InvalidInputError) as refusal:
        register(vault, text, demo=False)

    assert refusal.value.field == "redirect_uris"
    assert size(vault) == before


def test_a_system_is_suspended_and_goes_on(vault: Vault, tmp_path: Path) -> None:
    verbs = operator_verbs(vault, demo=True)
    verbs[REGISTER]({"text": json.dumps(file_of(tmp_path, client_id="ours"))})

    stopped = verbs[SUSPEND]({"client_id": "ours"})
    while_stopped = status(vault, "ours")
    resumed = verbs[RESUME]({"client_id": "ours"})

    assert while_stopped is ClientStatus.SUSPENDED
    assert status(vault, "ours") is ClientStatus.ACTIVE
    assert (stopped["client_id"], resumed["index"]) == ("ours", stopped["index"] + 1)


def status(vault: Vault, client_id: str) -> ClientStatus:
    with vault.read() as tx:
        client = tx.clients.get(ClientId(client_id))
    assert client is not None
    return client.status


@pytest.mark.parametrize("verb", [SUSPEND, RESUME])
def test_a_system_that_is_not_there_cannot_be_stopped(vault: Vault, verb: str) -> None:
    with pytest.raises(NotFoundError):
        operator_verbs(vault, demo=True)[verb]({"client_id": "nobody"})


@pytest.mark.parametrize("verb", [REGISTER, SUSPEND, RESUME])
def test_a_verb_without_its_argument_is_refused(vault: Vault, verb: str) -> None:
    with pytest.raises(InvalidInputError):
        operator_verbs(vault, demo=True)[verb]({"text": 1})
