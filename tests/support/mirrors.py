"""Mirrors of public logs as folders, and the file by which a holder finds the own entries."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.journal_log import ORIGIN, MemoryLog
from tests.support.journal_values import VAULT_ID, entry_keys
from vault.crypto.suites import Suite
from vault.ids import EntryId
from vault.journal.merkle import leaf_hash
from vault.journal.sealing import EntryKeys
from vault.journal.statements import make_opening
from vault.journal.tiles import FULL_WIDTH, Tile, cut_tile, tile_in, tile_path, to_bundle


def write_mirror(folder: Path, leaves: Sequence[bytes], *, note: str) -> Path:
    """Write what a client of the public log would have fetched at the size of ``note``."""
    hashes = [leaf_hash(leaf) for leaf in leaves]

    def read(tile: Tile) -> bytes:
        return cut_tile(tile, leaf_hashes=lambda start, end: hashes[start:end], read=read)

    _write(folder / "checkpoint", note.encode())
    for level in (None, 0, 1, 2):
        index = 0
        while tile := tile_in(len(leaves), level=level, index=index):
            start = index * FULL_WIDTH
            bundle = level is None
            data = to_bundle(leaves[start : start + tile.width]) if bundle else read(tile)
            _write(folder / tile_path(tile), data)
            index += 1
    return folder


def mirror_of(log: MemoryLog, folder: Path) -> Path:
    """Write the mirror of a log in memory."""
    return write_mirror(folder, [row.leaf for row in log.rows], note=log.head().note)


def holder_file(log: MemoryLog, *, holder: int) -> dict[str, Any]:
    """Return what a holder exports: tag key, and where and how the own entries open."""
    keys = entry_keys(holder=holder)
    assert keys.holder_tag_key is not None
    own = [row for row in log.rows if row.holder_id == bytes([holder]) * 16]
    return {
        "v": 1,
        "kind": "holder",
        "tag_key": keys.holder_tag_key.reveal().hex(),
        "logs": [
            {
                "origin": ORIGIN,
                "lane": 0,
                "size": len(log.rows),
                "count": len(own),
                "entries": [
                    {"index": row.index, "opening": opening_of(log, row.index, keys=keys)}
                    for row in own
                ],
            }
        ],
    }


def opening_of(log: MemoryLog, index: int, *, keys: EntryKeys) -> dict[str, Any]:
    """Return the opening of an entry."""
    row = log.rows[index]
    assert row.payload is not None
    made = make_opening(
        row.payload,
        keys=keys,
        entry_id=EntryId(row.entry_id),
        holder_seq=row.holder_seq,
        actor_seq=row.actor_seq,
        vault_id=VAULT_ID,
        suite=Suite.AES_256_GCM,
    )
    found: dict[str, Any] = json.loads(made.to_json())
    return found


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
