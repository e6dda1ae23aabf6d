from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.journal_log import ACTOR, ORIGIN, MemoryLog
from tests.support.journal_values import AT_MS, entry_numbered
from tests.support.spoiling import spoilt
from vault.errors import IntegrityError
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.entries import Entry, Kind, StateChange
from vault.journal.findings import Fault, Finding, Report, StoredEntry
from vault.journal.leaves import Leaf
from vault.journal.merkle import EMPTY_ROOT, Frontier, leaf_hash
from vault.journal.state_check import ObjectName, StateCheck, StateRow
from vault.journal.tiles import Tile
from vault.journal.verify import MAX_FINDINGS, verify_log

HOUR_MS = 3_600_000


def small_log() -> MemoryLog:
    """Return two batches: holders 1, 2, 1, nobody, 2 and 1."""
    log = MemoryLog()
    log.append([(holder, entry_numbered(number)) for number, holder in enumerate((1, 2, 1))])
    later = AT_MS + HOUR_MS
    log.append([(h, entry_numbered(n, at_ms=later)) for n, h in enumerate((None, 2, 1), start=3)])
    return log


def verified(log: MemoryLog) -> Report:
    return verify_log(log, verifier=log.verifier, opener=log.open)


def faults(report: Report) -> list[tuple[Fault, int | None, str]]:
    return [(one.fault, one.index, one.what) for one in report.findings]


@pytest.mark.parametrize("size", [0, 1, 5, 255, 256, 257, 600])
def test_a_log_written_by_the_rules_is_good(size: int) -> None:
    log = MemoryLog()
    for start in range(0, size, 100):
        log.append(
            [(n % 3 or None, entry_numbered(n)) for n in range(start, min(start + 100, size))]
        )
    told: list[tuple[int, int]] = []

    report = verify_log(
        log,
        verifier=log.verifier,
        opener=log.open,
        progress=lambda done, of: told.append((done, of)),
    )

    assert report == Report(head=log.head(), entries=size, opened=size, findings=(), faults=0)
    assert report.good
    assert told == [*((done, size) for done in range(256, size + 1, 256)), (size, size)]


def test_a_tree_of_three_levels_of_tiles_is_checked_without_its_payloads() -> None:
    log = MemoryLog()
    leaf = Leaf(suite=1, hour=1, holder_tag=bytes(16), actor_tag=bytes(16), payload_hash=bytes(32))
    data = leaf.to_bytes()
    log.rows = [
        StoredEntry(
            index=index,
            entry_id=index.to_bytes(16, "big"),
            holder_id=None,
            holder_seq=None,
            actor_id=ACTOR,
            actor_seq=index,
            key_version=1,
            leaf=data,
            leaf_hash=leaf_hash(data),
            payload=None,
        )
        for index in range(65_536 + 300)
    ]

    report = verify_log(log, verifier=log.verifier)

    assert report.good
    assert (report.entries, report.opened, len(log.kept_tiles)) == (65_836, 0, 258)


def test_the_public_part_is_checked_without_any_key() -> None:
    log = small_log()

    report = verify_log(log, verifier=log.verifier)

    assert (report.faults, report.entries, report.opened) == (0, 6, 0)


def test_payloads_whose_retention_has_ended_are_not_missed() -> None:
    log = small_log()
    log.change(2, payload=None)

    report = verified(log)

    assert (report.faults, report.entries, report.opened) == (0, 6, 5)


def swap_payloads(log: MemoryLog) -> None:
    log.change(1, payload=log.rows[2].payload)


def lose_an_entry(log: MemoryLog) -> None:
    del log.rows[1]


def lose_the_newest(log: MemoryLog) -> None:
    log.rows.pop()


def add_beyond_the_head(log: MemoryLog) -> None:
    log.rows.append(replace(log.rows[5], index=6))


def edit_a_leaf(log: MemoryLog) -> None:
    log.change(0, leaf=spoilt(log.rows[0].leaf))


def edit_a_leaf_and_its_hash(log: MemoryLog) -> None:
    edit_a_leaf(log)
    log.change(0, leaf_hash=leaf_hash(log.rows[0].leaf), payload=None)


def cut_a_leaf(log: MemoryLog) -> None:
    log.change(5, leaf=b"")


def edit_a_leaf_hash(log: MemoryLog) -> None:
    log.change(0, leaf_hash=bytes(32))


BROKEN_TREE = [(Fault.ROOT, None, ""), (Fault.FRONTIER, None, ""), (Fault.CHECKPOINT, None, "")]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (swap_payloads, [(Fault.PAYLOAD_HASH, 1, "")]),
        (edit_a_leaf_hash, [(Fault.LEAF_HASH, 0, "")]),
        (
            edit_a_leaf,
            [(Fault.LEAF_HASH, 0, ""), (Fault.PAYLOAD_HASH, 0, ""), *BROKEN_TREE],
        ),
        (edit_a_leaf_and_its_hash, BROKEN_TREE),
        (
            cut_a_leaf,
            [(Fault.LEAF_HASH, 5, ""), (Fault.LEAF_MALFORMED, 5, ""), *BROKEN_TREE],
        ),
        (
            lose_an_entry,
            [
                (Fault.ENTRY_MISSING, 2, ""),
                (Fault.ACTOR_SEQUENCE, 2, "2"),
                (Fault.HOLDER_SEQUENCE, 4, "1"),
                *BROKEN_TREE,
            ],
        ),
        (lose_the_newest, [(Fault.ENTRY_MISSING, 5, ""), *BROKEN_TREE]),
        (add_beyond_the_head, [(Fault.ENTRY_BEYOND_HEAD, 6, "")]),
        (
            lambda log: log.change(2, holder_seq=0),
            [
                (Fault.HOLDER_SEQUENCE, 2, "0"),
                (Fault.DOES_NOT_OPEN, 2, ""),
                (Fault.HOLDER_SEQUENCE, 5, "2"),
            ],
        ),
        (
            lambda log: log.change(3, holder_seq=0),
            [(Fault.HOLDER_SEQUENCE, 3, "0"), (Fault.DOES_NOT_OPEN, 3, "")],
        ),
        (
            lambda log: log.change(5, holder_seq=-1),
            [(Fault.HOLDER_SEQUENCE, 5, "-1"), (Fault.DOES_NOT_OPEN, 5, "")],
        ),
        (
            lambda log: log.change(5, actor_seq=-1),
            [(Fault.ACTOR_SEQUENCE, 5, "-1"), (Fault.DOES_NOT_OPEN, 5, "")],
        ),
        (
            lambda log: log.change(5, actor_seq=4),
            [(Fault.ACTOR_SEQUENCE, 5, "4"), (Fault.DOES_NOT_OPEN, 5, "")],
        ),
        (lambda log: log.change(0, entry_id=bytes(16)), [(Fault.DOES_NOT_OPEN, 0, "")]),
        (lambda log: log.change_head(root=bytes(32)), [(Fault.ROOT, None, "")]),
        (lambda log: log.change_head(frontier=b""), [(Fault.FRONTIER, None, "")]),
        (lambda log: log.change_head(note="x"), [(Fault.CHECKPOINT, None, "")]),
        (lambda log: log.change_head(origin="other"), [(Fault.CHECKPOINT, None, "")]),
        (lambda log: log.change_head(last_ms=0), [(Fault.TIME_FALLS, None, "")]),
    ],
)
def test_whatever_is_edited_is_found(
    spoil: Callable[[MemoryLog], None], found: list[tuple[Fault, int | None, str]]
) -> None:
    log = small_log()
    spoil(log)

    report = verified(log)

    assert faults(report) == found
    assert not report.good


def test_an_older_head_put_back_with_its_note_leaves_entries_beyond_it() -> None:
    log = MemoryLog()
    log.append([(1, entry_numbered(0))])
    old = log.head()
    log.append([(1, entry_numbered(1))])
    log.stored_head = old

    assert faults(verified(log)) == [(Fault.ENTRY_BEYOND_HEAD, 1, "")]


def test_a_good_note_over_another_tree_is_found() -> None:
    log = small_log()
    other = Checkpoint(origin=ORIGIN, size=6, root=bytes(32))
    log.change_head(note=sign_checkpoint(other, signer=log.signer))

    assert faults(verified(log)) == [(Fault.CHECKPOINT, None, "")]


def test_time_that_falls_is_found_in_leaves_and_in_payloads() -> None:
    log = MemoryLog()
    log.append([(1, entry_numbered(0, at_ms=AT_MS + HOUR_MS)), (1, entry_numbered(1))])

    report = verified(log)

    assert faults(report) == [
        (Fault.TIME_FALLS, 1, ""),  # The hour of the leaf,
        (Fault.TIME_FALLS, 1, ""),  # and the instant inside.
    ]


def test_a_payload_that_opens_to_another_entry_is_found() -> None:
    log = small_log()

    report = verify_log(log, verifier=log.verifier, opener=lambda _: entry_numbered(1))

    assert (Fault.OTHER_ENTRY, 0, "") in faults(report)
    assert (Fault.OTHER_ENTRY, 1, "") not in faults(report)


def test_spoilt_tiles_are_found() -> None:
    log = MemoryLog()
    log.append([(None, entry_numbered(number)) for number in range(520)])
    log.kept_tiles[Tile(level=0, index=0)] = bytes(8192)
    del log.kept_tiles[Tile(level=0, index=1)]
    log.kept_tiles[Tile(level=1, index=0)] = bytes(8192)

    assert faults(verified(log)) == [
        (Fault.TILE, None, "tile/0/000"),
        (Fault.TILE_UNKNOWN, None, "tile/1/000"),
        (Fault.TILE_MISSING, None, "tile/0/001"),
    ]


def test_faults_beyond_a_thousand_are_counted_only() -> None:
    log = MemoryLog()
    log.append([(None, entry_numbered(0))])
    log.rows *= MAX_FINDINGS + 2

    report = verified(log)

    assert (len(report.findings), report.faults > MAX_FINDINGS) == (MAX_FINDINGS, True)


def test_other_errors_than_a_bad_payload_are_not_swallowed() -> None:
    def broken(stored: StoredEntry) -> Entry:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        verify_log(small_log(), verifier=small_log().verifier, opener=broken)


def test_payloads_that_do_not_open_are_counted_as_such() -> None:
    def refuse(stored: StoredEntry) -> Entry:
        raise IntegrityError("no key")

    report = verify_log(small_log(), verifier=small_log().verifier, opener=refuse)

    assert (report.opened, {one.fault for one in report.findings}) == (0, {Fault.DOES_NOT_OPEN})


GRANT = ObjectName("oauth_grant", "67")


def changing(number: int, came_from: str | None, became: str | None, version: int) -> Entry:
    return replace(
        entry_numbered(number, kind=Kind.CONSENT_GIVE),
        change=StateChange(
            object=GRANT.object,
            id=GRANT.id,
            came_from=came_from,
            became=became,
            version=version,
        ),
    )


def seen(*entries: Entry) -> tuple[StateCheck, Report]:
    log = MemoryLog()
    log.append([(1, entry) for entry in entries])
    check = StateCheck()
    report = verify_log(log, verifier=log.verifier, opener=log.open, changes=check.see)
    return check, report


REVOKED = (
    entry_numbered(0),
    changing(1, None, "active", 1),
    changing(2, "active", "revoked", 2),
)


def test_rows_that_are_what_their_last_change_says_are_good() -> None:
    check, report = seen(*REVOKED)

    assert report.good
    assert not list(check.compare([StateRow(name=GRANT, version=2, state="revoked")]))


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            [StateRow(name=GRANT, version=1, state="active")],
            [Finding(fault=Fault.STATE_DIFFERS, index=2, what="oauth_grant 67")],
        ),
        (
            [StateRow(name=GRANT, version=2, state="active")],
            [Finding(fault=Fault.STATE_DIFFERS, index=2, what="oauth_grant 67")],
        ),
        ([], [Finding(fault=Fault.STATE_MISSING, index=2, what="oauth_grant 67")]),
        (
            [
                StateRow(name=GRANT, version=2, state="revoked"),
                StateRow(name=ObjectName("oauth_grant", "68"), version=1, state="active"),
            ],
            [Finding(fault=Fault.STATE_INVENTED, what="oauth_grant 68")],
        ),
    ],
)
def test_a_row_that_no_entry_bears_out_is_found(
    rows: list[StateRow], found: list[Finding]
) -> None:
    check, _ = seen(*REVOKED)

    assert list(check.compare(rows)) == found


def test_what_became_nothing_has_no_row() -> None:
    check, report = seen(*REVOKED, changing(3, "revoked", None, 3))

    assert report.good
    assert not list(check.compare([]))


@pytest.mark.parametrize(
    "entry", [changing(3, "active", "revoked", 3), changing(3, "revoked", "active", 4)]
)
def test_a_change_that_does_not_follow_the_last_is_found(entry: Entry) -> None:
    _, report = seen(*REVOKED, entry)

    assert report.findings == (Finding(fault=Fault.CHANGE_SKIPS, index=3, what="oauth_grant 67"),)


def test_an_empty_log_has_an_empty_frontier() -> None:
    assert MemoryLog().head().root == EMPTY_ROOT == Frontier().root()
