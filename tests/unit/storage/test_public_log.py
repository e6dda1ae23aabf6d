"""What anybody may read of a log: head, tiles, proofs; and how a log begins."""

from dataclasses import replace

import pytest

from storage.first_head import open_log
from storage.public_log import PublicLog
from storage.unit_of_work import plain_transactions
from tests.support.vault_values import NOW_MS
from tests.support.writer import LOG_ID, ORIGIN, SIGNER, TRUST, World, a_pull, entry_id
from vault.crypto.signing import SignerKey
from vault.errors import NotFoundError, StorageError
from vault.journal.checkpoints import Checkpoint, verify_checkpoint
from vault.journal.merkle import EMPTY_ROOT, Frontier, leaf_hash, verify_consistency
from vault.journal.receipts import verify_receipt
from vault.journal.tiles import Tile, hashes_of, leaves_of


def write(world: World, count: int, *, first: int = 0) -> None:
    """Journal ``count`` pulls, in batches."""
    writer = world.writer()
    waiting = [writer.enqueue(a_pull(first + number)) for number in range(count)]
    writer.start()
    writer.stop()
    for one in waiting:
        one.result(timeout=0)


def public(world: World) -> PublicLog:
    return PublicLog(world.database, log_id=LOG_ID)


def root_of(leaves: list[bytes]) -> bytes:
    return Frontier().extend(map(leaf_hash, leaves)).root()


def test_a_new_log_is_empty_and_signed(world: World) -> None:
    log = public(world)

    head = verify_checkpoint(log.checkpoint(), verifier=SIGNER.verifier, origin=ORIGIN)

    assert head == Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert (log.origin, log.size(), log.consistency(0, 0)) == (ORIGIN, 0, ())
    assert (world.head().last_ms, world.head().frozen) == (NOW_MS, 0)


def test_a_log_is_opened_once(world: World) -> None:
    write(world, 1)
    before = world.head()

    with plain_transactions(world.database)() as connection:
        opened = open_log(
            connection, log_id=LOG_ID, year=2026, origin=ORIGIN, signer=SIGNER, now_ms=NOW_MS
        )

    assert (opened, world.head()) == (False, before)


def test_a_log_of_another_name_is_refused(world: World) -> None:
    other = SignerKey(b"\x02" * 32, name="other.example/log/2026")

    with (
        pytest.raises(StorageError, match="log of another name"),
        plain_transactions(world.database)() as connection,
    ):
        open_log(
            connection,
            log_id=LOG_ID,
            year=2026,
            origin=other.verifier.name,
            signer=other,
            now_ms=NOW_MS,
        )


def test_tiles_are_the_hashes_of_what_was_journalled(world: World) -> None:
    write(world, 520)
    log = public(world)
    leaves = [entry.leaf for entry in world.entries()]
    hashes = tuple(map(leaf_hash, leaves))

    assert hashes_of(log.tile(Tile(level=0, index=0))) == hashes[:256]
    assert hashes_of(log.tile(Tile(level=0, index=1))) == hashes[256:512]
    assert hashes_of(log.tile(Tile(level=0, index=2, width=8))) == hashes[512:]
    assert hashes_of(log.tile(Tile(level=0, index=1, width=3))) == hashes[256:259]
    assert hashes_of(log.tile(Tile(level=1, index=0, width=2))) == (
        root_of(leaves[:256]),
        root_of(leaves[256:512]),
    )
    assert leaves_of(log.tile(Tile(level=None, index=2, width=8))) == tuple(leaves[512:])
    assert world.ask("SELECT level, idx FROM log_tile ORDER BY idx") == [(0, 0), (0, 1)]
    assert world.faults() == ()


@pytest.mark.parametrize(
    "tile",
    [
        Tile(level=0, index=0),
        Tile(level=0, index=0, width=4),
        Tile(level=0, index=1, width=1),
        Tile(level=1, index=0, width=1),
        Tile(level=None, index=0, width=4),
    ],
)
def test_tiles_that_the_tree_does_not_reach_are_not_there(world: World, tile: Tile) -> None:
    write(world, 3)

    with pytest.raises(NotFoundError):
        public(world).tile(tile)


def test_a_receipt_proves_an_entry_at_the_head_of_now(world: World) -> None:
    write(world, 260)
    write(world, 5, first=1000)
    log = public(world)

    for kept in world.entries()[::37]:
        receipt = log.receipt(kept)
        proven = verify_receipt(receipt.to_text(), TRUST)
        assert (receipt.entry_id, proven.leaf.to_bytes()) == (kept.entry_id, kept.leaf)
        assert (proven.index, proven.checkpoint.size) == (kept.index, 265)


def test_no_receipt_is_given_for_what_is_not_in_the_log(world: World) -> None:
    write(world, 2)
    with world.read() as tx:
        kept = tx.entries.get(LOG_ID, entry_id=entry_id(0))
    assert kept is not None
    elsewhere = [
        replace(kept, index=1),
        replace(kept, index=2),
        replace(kept, index=-1),
        replace(kept, log_id=1),
        replace(kept, leaf=bytes(70)),
    ]

    for one in elsewhere:
        with pytest.raises(NotFoundError):
            public(world).receipt(one)


def test_any_two_sizes_of_a_log_are_consistent(world: World) -> None:
    write(world, 300)
    log = public(world)
    leaves = [entry.leaf for entry in world.entries()]

    for old, new in [(0, 300), (1, 2), (255, 257), (256, 300), (299, 300), (300, 300)]:
        verify_consistency(
            old=old,
            old_root=root_of(leaves[:old]),
            new=new,
            new_root=root_of(leaves[:new]),
            path=log.consistency(old, new),
        )


@pytest.mark.parametrize(("old", "new"), [(0, 4), (2, 1), (-1, 2), (4, 4)])
def test_sizes_that_the_log_never_had_have_no_proof(world: World, old: int, new: int) -> None:
    write(world, 3)

    with pytest.raises(NotFoundError):
        public(world).consistency(old, new)


def test_a_log_that_is_not_there_is_not_found(world: World) -> None:
    log = PublicLog(world.database, log_id=7)

    for ask in (log.size, log.checkpoint, lambda: log.origin):
        with pytest.raises(NotFoundError, match="no such log"):
            ask()
