"""What anybody may read of the log: every tile, receipt and proof of it verifies."""

from dataclasses import replace

import pytest

from tests.support.operations import a_change, a_disclosure, committed, entry_id_of, kept
from tests.support.ports import ORIGIN, Ports
from tests.support.vault_values import SPACE
from vault.errors import NotFoundError
from vault.journal.checkpoints import Checkpoint, verify_checkpoint
from vault.journal.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from vault.journal.receipts import verify_receipt
from vault.journal.tiles import Tile, hashes_of, leaves_of, tile_in


def grow(ports: Ports, count: int, *, start: int = 0) -> None:
    waiting = [ports.journal.enqueue(a_change(start + n, space=None)) for n in range(count)]
    for one in waiting:
        committed(one.result(10))


def head(ports: Ports) -> Checkpoint:
    return verify_checkpoint(ports.log.checkpoint(), verifier=ports.verifier, origin=ORIGIN)


def leaves(ports: Ports) -> list[bytes]:
    """Read every leaf from the entry bundles, as a mirror would."""
    size, found, index = ports.log.size(), list[bytes](), 0
    while (tile := tile_in(size, level=None, index=index)) is not None:
        found += leaves_of(ports.log.tile(tile))
        index += 1
    return found


def test_a_log_begins_empty_and_signed(ports: Ports) -> None:
    assert (ports.log.origin, ports.log.size()) == (ORIGIN, 0)
    assert head(ports) == Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert ports.log.consistency(0, 0) == ()
    with pytest.raises(NotFoundError):
        ports.log.tile(Tile(level=0, index=0, width=1))


def test_the_signed_head_is_that_of_the_leaves(ports: Ports) -> None:
    grow(ports, 7)

    root = Frontier().extend(map(leaf_hash, leaves(ports))).root()
    assert head(ports) == Checkpoint(origin=ORIGIN, size=7, root=root)
    assert leaves(ports)[3] == kept(ports, entry_id_of(3)).leaf


def test_every_entry_has_a_receipt_at_the_head_of_now(ports: Ports) -> None:
    grow(ports, 9)

    for number in range(9):
        entry = kept(ports, entry_id_of(number))
        receipt = ports.log.receipt(entry)
        proven = verify_receipt(receipt.to_text(), ports.policy)
        assert (receipt.entry_id, receipt.leaf) == (entry.entry_id, entry.leaf)
        assert (proven.index, proven.checkpoint) == (entry.index, head(ports))


def test_every_entry_is_proven_at_every_size_that_the_log_had(ports: Ports) -> None:
    grow(ports, 6)
    hashes = [leaf_hash(leaf) for leaf in leaves(ports)]

    for size in range(1, 7):
        root = Frontier().extend(hashes[:size]).root()
        for index in range(size):
            path = ports.log.inclusion(index, size)
            verify_inclusion(hashes[index], index=index, size=size, path=path, root=root)
    for index, size in ((0, 0), (3, 3), (0, 7), (-1, 3)):
        with pytest.raises(NotFoundError):
            ports.log.inclusion(index, size)


def test_a_receipt_is_of_entries_of_this_log_alone(ports: Ports) -> None:
    grow(ports, 3)
    entry = kept(ports, entry_id_of(1))

    for forged in (
        replace(entry, leaf=bytes(70)),
        replace(entry, index=2),
        replace(entry, index=3),
    ):
        with pytest.raises(NotFoundError):
            ports.log.receipt(forged)


def test_any_two_sizes_are_proven_consistent(ports: Ports) -> None:
    roots = [head(ports).root]
    for number in range(9):
        ports.journal.submit(a_disclosure(number, space=SPACE))
        roots.append(head(ports).root)

    for new in range(10):
        for old in range(new + 1):
            verify_consistency(
                old=old,
                old_root=roots[old],
                new=new,
                new_root=roots[new],
                path=ports.log.consistency(old, new),
            )


@pytest.mark.parametrize(("old", "new"), [(0, 4), (4, 4), (2, 1), (-1, 2)])
def test_a_size_that_the_log_never_had_is_proven_nothing(ports: Ports, old: int, new: int) -> None:
    grow(ports, 3)

    with pytest.raises(NotFoundError):
        ports.log.consistency(old, new)


def test_tiles_of_every_width_are_cut_from_the_leaves(ports: Ports) -> None:
    grow(ports, 5)
    hashes = list(map(leaf_hash, leaves(ports)))

    for width in range(1, 6):
        tile = ports.log.tile(Tile(level=0, index=0, width=width))
        assert list(hashes_of(tile)) == hashes[:width]
        bundle = ports.log.tile(Tile(level=None, index=0, width=width))
        assert list(leaves_of(bundle)) == leaves(ports)[:width]


@pytest.mark.parametrize(
    "tile",
    [
        Tile(level=0, index=0, width=6),
        Tile(level=0, index=0),
        Tile(level=0, index=1, width=1),
        Tile(level=1, index=0, width=1),
        Tile(level=None, index=0, width=6),
    ],
    ids=str,
)
def test_a_tile_beyond_the_tree_is_not_there(ports: Ports, tile: Tile) -> None:
    grow(ports, 5)

    with pytest.raises(NotFoundError):
        ports.log.tile(tile)


@pytest.mark.slow
def test_full_tiles_never_change_and_carry_the_next_level(ports: Ports) -> None:
    grow(ports, 256)
    full, bundle = (ports.log.tile(Tile(level=level, index=0)) for level in (0, None))

    grow(ports, 260, start=256)

    assert ports.log.tile(Tile(level=0, index=0)) == full
    assert ports.log.tile(Tile(level=None, index=0)) == bundle
    above = [
        Frontier().extend(map(leaf_hash, leaves(ports)[at : at + 256])).root() for at in (0, 256)
    ]
    assert list(hashes_of(ports.log.tile(Tile(level=1, index=0, width=2)))) == above
    assert list(hashes_of(ports.log.tile(Tile(level=1, index=0, width=1)))) == above[:1]
    for index in (0, 255, 256, 511, 515):
        receipt = ports.log.receipt(kept(ports, entry_id_of(index)))
        assert verify_receipt(receipt.to_text(), ports.policy).index == receipt.index
