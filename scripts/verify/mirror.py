"""A mirror of a public log: a folder with the paths of C2SP tlog-tiles, and what it must hold."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Final

from .entries import ACTOR_TAG, HOLDER_TAG, LEAF_BYTES, Plain, open_entry
from .notes import Checkpoint
from .said import Refused
from .tree import HASH_BYTES, check_consistency, prove_consistency, root_of

WIDTH: Final = 256
Bundles = Iterator[list[bytes]]
_AHEAD: Final = 1024
_UNIT: Final = 2 + LEAF_BYTES


class Mirror:
    """A folder that holds ``checkpoint`` and ``tile/…``."""

    def __init__(self, folder: Path) -> None:
        """Read below ``folder``."""
        self._folder = folder
        self.hashes = lru_cache(maxsize=1024)(self._hashes)

    def bundle(self, number: int, width: int) -> list[bytes]:
        """Return ``width`` leaves of an entry bundle."""
        data = self._read("entries", number, width)
        if data[::_UNIT] + data[1::_UNIT] != b"\0" * width + bytes([LEAF_BYTES]) * width:
            raise Refused("tile", _path("entries", number, width))
        return [data[at + 2 : at + _UNIT] for at in range(0, len(data), _UNIT)]

    def node(self, level: int, index: int, *, size: int) -> bytes:
        """Return the hash of a full subtree of a tree of ``size`` leaves, out of its tile."""
        height = level % 8
        number, at = divmod(index << height, WIDTH)
        width = min(WIDTH, (size >> level - height) - number * WIDTH)
        return root_of(self.hashes(level // 8, number, width)[at : at + (1 << height)])

    def _hashes(self, level: int, number: int, width: int) -> list[bytes]:
        data = self._read(str(level), number, width)
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def _read(self, level: str, number: int, width: int) -> bytes:
        unit = _UNIT if level == "entries" else HASH_BYTES
        for one in (width, WIDTH):  # What is full by now begins with what was partial.
            with suppress(OSError):
                data = (self._folder / _path(level, number, one)).read_bytes()
                if len(data) != one * unit:
                    raise Refused("tile", _path(level, number, one))
                return data[: width * unit]
        raise Refused("missing", _path(level, number, width))


def check_tree(mirror: Mirror, head: Checkpoint) -> Bundles:
    """Yield every bundle of leaves; refuse unless all tiles, and the root, are made of them."""
    rows: list[list[bytes]] = [[]]
    for number, start in enumerate(range(0, head.size, WIDTH)):
        leaves = mirror.bundle(number, min(WIDTH, head.size - start))
        rows[0] = [sha256(b"\0" + leaf).digest() for leaf in leaves]
        level, at = 0, number
        while len(rows[level]) == WIDTH:
            _compare(mirror, level, at, rows[level])
            if level + 1 == len(rows):
                rows.append([])
            rows[level + 1].append(root_of(rows[level]))
            rows[level] = []
            level, at = level + 1, at >> 8
        yield leaves
    root: list[bytes] = []
    for level, row in enumerate(rows):
        if row:
            _compare(mirror, level, head.size >> 8 * (level + 1), row)
        root = [root_of([*row, *root])] if row or root else []
    if root_of(root) != head.root:
        raise Refused("root", head.size)


def check_growth(mirror: Mirror, old: Checkpoint, new: Checkpoint) -> None:
    """Refuse unless ``new`` continues ``old``, by a proof out of the tiles."""
    if old.origin != new.origin:
        raise Refused("other-log", f"{old.origin}, {new.origin}")
    path: list[bytes] = []
    if 0 < old.size <= new.size:
        path = prove_consistency(old.size, new.size, partial(mirror.node, size=new.size))
    check_consistency(old.size, old.root, new.size, new.root, path)


def find_own(bundles: Bundles, key: Plain, head: Checkpoint) -> list[tuple[int, Plain | None]]:
    """Return index and, where it may be opened, content of each entry tagged by ``key``."""
    logs = {one["origin"]: one for one in key["logs"]}
    if head.origin not in logs:
        raise Refused("other-log", head.origin)
    log, found = logs[head.origin], list[tuple[int, bytes]]()
    for index, seq, leaf in _tagged(bundles, key, log["lane"]):
        if seq != len(found):
            raise Refused("gap" if seq > len(found) else "duplicate", min(seq, len(found)))
        found.append((index, leaf))
    told: list[Plain] = log.get("entries", [])
    for (index, _), one in zip(found, told, strict=False):
        if one["index"] != index:
            raise Refused("hidden", index)
    then = sum(index < log["size"] for index, _ in found)
    whole = head.size >= log["size"]
    if then < (log["count"] if whole else sum(one["index"] < head.size for one in told)):
        raise Refused("gap", then)
    if then > log["count"]:
        raise Refused("hidden", found[log["count"]][0])
    openings = [*(one.get("opening") for one in told), *[None] * len(found)]
    return [
        (index, open_entry(opening, leaf) if opening else None)
        for (index, leaf), opening in zip(found, openings, strict=False)
    ]


def _tagged(bundles: Bundles, key: Plain, lane: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield index, number and leaf of each entry under the tag key, in the order of the log."""
    secret, holder = bytes.fromhex(key["tag_key"]), key["kind"] == "holder"
    label, part = (b"cv1/stag", HOLDER_TAG) if holder else (b"cv1/atag", ACTOR_TAG)
    base, numbers = (0 if holder else lane << 48), dict[bytes, int]()

    def know(up_to: int) -> None:
        for seq in range(len(numbers), up_to):
            number = (base | seq).to_bytes(8, "big")
            numbers[digest(secret, label + number, "sha256")[:16]] = seq

    know(_AHEAD)
    for start, leaves in enumerate(bundles):
        for at, leaf in enumerate(leaves):
            seq = numbers.get(leaf[part])
            if seq is not None:
                yield start * WIDTH + at, seq, leaf
                know(seq + _AHEAD)


def _compare(mirror: Mirror, level: int, number: int, row: list[bytes]) -> None:
    if mirror.hashes(level, number, len(row)) != row:
        raise Refused("tile", _path(str(level), number, len(row)))


def _path(level: str, number: int, width: int) -> str:
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{one}" for one in groups[:-1]), groups[-1]])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < WIDTH else "")
