"""The hash of a guarded row covers all of the row, and of nothing else."""

from typing import Any

import pytest

from storage.row_macs import GUARDED, MAC, GuardedTable, RowMacs, StateRow, row_name
from storage.row_versions import Versions
from storage.tables import METADATA
from tests.support.guarded import ROW_MACS
from vault.crypto.keys import ServiceKey
from vault.crypto.suites import Suite
from vault.errors import IntegrityError
from vault.journal.operations import Guarded

COLUMNS = [(table, column) for table in GUARDED.values() for column in table.columns]
OTHER: dict[type, Any] = {int: 2, str: "other", bytes: b"other"}
STATE = StateRow(0, b"h" * 16, 3, 7, b"listed")


def a_row(table: GuardedTable) -> list[Any]:
    """Return a row that has something in every column."""
    kinds = [METADATA.tables[table.name].c[name].type.python_type for name in table.columns]
    return [{int: 1, str: "1", bytes: b"1"}[kind] for kind in kinds]


def test_every_guarded_table_has_hashes() -> None:
    assert set(GUARDED) == {*(one.value for one in Guarded), "oauth_use"}


@pytest.mark.parametrize("table", GUARDED.values(), ids=lambda one: one.name)
def test_all_columns_but_the_hash_itself_are_covered(table: GuardedTable) -> None:
    """There is no list of exceptions: a new column is covered, or the program does not start."""
    declared = [column.name for column in METADATA.tables[table.name].c]

    assert [*table.columns, MAC] == declared


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda one: getattr(one, "name", one))
@pytest.mark.parametrize("became", ["other", "nothing"])
def test_a_row_of_which_one_column_was_changed_is_refused(
    table: GuardedTable, column: str, became: str
) -> None:
    row = a_row(table)
    sealed = ROW_MACS.sealed(table, dict(zip(table.columns, row, strict=True)))
    at = table.columns.index(column)
    changed = [*row]
    changed[at] = None if became == "nothing" else OTHER[type(row[at])]

    assert ROW_MACS.checked(table, [*row, sealed[MAC]]) == row
    with pytest.raises(IntegrityError, match=f"a row of {table.name}"):
        ROW_MACS.checked(table, [*changed, sealed[MAC]])


def test_two_columns_do_not_run_into_each_other() -> None:
    table = GUARDED["department"]
    row = a_row(table)
    one, other = [*row], [*row]
    one[2:4] = ["ab", "c"]
    other[2:4] = ["a", "bc"]

    assert ROW_MACS.of_row(table, one) != ROW_MACS.of_row(table, other)


def test_a_column_with_nothing_in_it_does_not_change_a_hash() -> None:
    """So that a release may add one."""
    table = GUARDED["oauth_use"]
    row = a_row(table)
    later = table._replace(
        columns=(*table.columns, "added"), labels=(*table.labels, b"\x00\x05added")
    )

    assert ROW_MACS.of_row(later, [*row, None]) == ROW_MACS.of_row(table, row)
    assert ROW_MACS.of_row(later, [*row, 1]) != ROW_MACS.of_row(table, row)


def test_the_hash_of_another_table_vault_or_key_is_none() -> None:
    table, other = GUARDED["policy_pointer"], GUARDED["signing_key_set"]
    row = [1, b"h" * 32, 1]
    key = ServiceKey(b"\x5a" * 32, suite=Suite.AES_256_GCM)
    macs = {
        ROW_MACS.of_row(table, row),
        ROW_MACS.of_row(other, row),
        RowMacs(key, vault_id=b"v" * 16).of_row(table, row),
        RowMacs(ServiceKey(b"\x5b" * 32, suite=key.suite), vault_id=b"v" * 16).of_row(table, row),
    }

    assert len(macs) == 4


def test_a_row_without_a_hash_is_refused() -> None:
    table = GUARDED["policy_pointer"]

    with pytest.raises(IntegrityError):
        ROW_MACS.checked(table, [1, b"h" * 32, 1, None])


@pytest.mark.parametrize(
    "changed",
    [
        STATE._replace(log_id=1),
        STATE._replace(owner_id=b"i" * 16),
        STATE._replace(seq=4),
        STATE._replace(idx=8),
        STATE._replace(versions=b"other"),
    ],
    ids=["log", "owner", "entries", "place", "versions"],
)
def test_a_state_row_of_which_anything_was_changed_is_refused(changed: StateRow) -> None:
    mac = ROW_MACS.of_state(STATE)

    assert ROW_MACS.checked_state(STATE, mac) == STATE
    with pytest.raises(IntegrityError, match="state row"):
        ROW_MACS.checked_state(changed, mac)


def test_a_table_whose_last_column_is_no_hash_is_not_guarded() -> None:
    with pytest.raises(TypeError, match="last column of notice"):
        GuardedTable.of(METADATA.tables["notice"])


def test_rows_are_named_apart() -> None:
    names = {
        row_name("mandate", (0, b"h" * 16, b"m" * 16)),
        row_name("passkey", (0, b"h" * 16, b"m" * 16)),
        row_name("mandate", (1, b"h" * 16, b"m" * 16)),
        row_name("oauth_use", (0, b"h" * 16, b"m" * 16, "ID01")),
    }

    assert {len(name) for name in names} == {12}
    assert len(names) == 4


def test_the_hashes_are_the_known_answers() -> None:
    """The same as on the page of the format (docs/formats/guarded-rows.md)."""
    macs = RowMacs(ServiceKey(b"\x5a" * 32, suite=Suite.AES_256_GCM), vault_id=b"v" * 16)
    row = [1, b"h" * 32, 3]
    versions = Versions()
    versions.put(row_name("policy_pointer", (1,)), 3)
    state = StateRow(0, bytes(15) + b"\x01", 9, 8, bytes(versions))

    assert macs.of_row(GUARDED["policy_pointer"], row).hex() == (
        "52a4d65404623eaca474c4278769824c154dc6fed82a6b3a0bbb76782df8bfa0"
    )
    assert macs.of_state(state).hex() == (
        "60e7bc94e362116924735d5b5bc07b0ecf591f5dfcc30b40cc67dd29643e3c23"
    )
