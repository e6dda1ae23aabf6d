"""The tree cut into tiles (C2SP tlog-tiles): names, widths, contents. Pure arithmetic.

A tile is up to 256 hashes; level 0 holds leaf hashes, level n + 1 the root of each full tile of
level n. An entry bundle holds the leaves behind one tile of level 0, each after its length.
What is full never changes; what is not is named with its width, as ``tile/0/x001/234.p/17``.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vault.errors import InvalidInputError
from vault.journal.merkle import HASH_BYTES, MAX_SIZE, Frontier, NodeReader, ProofError

FULL_WIDTH: Final = 256
LEVEL_BITS: Final = 8
MAX_LEVEL: Final = 5
"""A tile above this level would need 2^48 leaves."""

_LENGTH_BYTES: Final = 2
_PATH: Final = re.compile(
    r"tile/(entries|[0-5])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """The name of one tile or entry bundle.

    Attributes:
        level: 0 for leaf hashes, at most 5; ``None`` for an entry bundle.
        index: Position among the tiles of its level.
        width: Number of hashes or leaves, 1 to 256; below 256 the tile is partial.
    """

    level: int | None
    index: int
    width: int = FULL_WIDTH

    def __post_init__(self) -> None:
        """Refuse what no tree below 2^48 leaves can have."""
        fits = 0 <= self.rank <= MAX_LEVEL and 1 <= self.width <= FULL_WIDTH
        if not fits or not 0 <= self.index < MAX_SIZE >> LEVEL_BITS * (self.rank + 1):
            raise InvalidInputError("no such tile")

    @property
    def rank(self) -> int:
        """The level in the tree; entry bundles lie beside level 0."""
        return self.level or 0

    @property
    def full(self) -> bool:
        """Whether this tile never changes."""
        return self.width == FULL_WIDTH

    def within(self, size: int, /) -> bool:
        """Say whether a tree of ``size`` leaves has all of this tile's hashes."""
        return self.index * FULL_WIDTH + self.width <= size >> LEVEL_BITS * self.rank


TileReader = Callable[[Tile], bytes]
"""A tile to its bytes; raises ``NotFoundError`` for what it does not have."""


def tile_path(tile: Tile, /) -> str:
    """Return the path below the log's address, such as ``tile/0/x001/x234/067``."""
    digits = f"{tile.index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    index = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    level = "entries" if tile.level is None else tile.level
    return f"tile/{level}/{index}" if tile.full else f"tile/{level}/{index}.p/{tile.width}"


def parse_tile_path(path: str, /) -> Tile:
    """Return the tile that ``path`` names; each tile has exactly one path.

    Raises:
        InvalidInputError: ``path`` is not the path of a tile.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise InvalidInputError("this is not the path of a tile")
    level, index, width = found.groups()
    tile = Tile(
        level=None if level == "entries" else int(level),
        index=int(re.sub("[x/]", "", index)),
        width=FULL_WIDTH if width is None else int(width),
    )
    if tile_path(tile) != path:  # Leading groups of zeros, or ``.p/256``.
        raise InvalidInputError("this is not the path of a tile")
    return tile


def tile_in(size: int, *, level: int | None, index: int) -> Tile | None:
    """Return the widest tile at this place in a tree of ``size`` leaves, ``None`` if empty."""
    hashes = size >> LEVEL_BITS * (level or 0)
    width = min(hashes - index * FULL_WIDTH, FULL_WIDTH)
    return Tile(level=level, index=index, width=width) if width > 0 else None


def filled_tiles(old: int, new: int) -> Iterator[Tile]:
    """Yield the hash tiles that become full between ``old`` and ``new`` leaves, lower first."""
    for level in range(MAX_LEVEL + 1):
        bits = LEVEL_BITS * (level + 1)
        for index in range(old >> bits, new >> bits):
            yield Tile(level=level, index=index)


def cut_tile(
    tile: Tile, *, leaf_hashes: Callable[[int, int], Sequence[bytes]], read: TileReader
) -> bytes:
    """Return the bytes of a hash tile, made from what is stored below it.

    Args:
        tile: Any hash tile of the tree.
        leaf_hashes: The leaf hashes from one index up to, not including, another.
        read: Reads full tiles of the level below.

    Raises:
        ProofError: What was read does not have the expected length.
    """
    start = tile.index * FULL_WIDTH
    if tile.rank == 0:
        data = b"".join(leaf_hashes(start, start + tile.width))
    else:
        below = range(start, start + tile.width)
        data = b"".join(_root_of(read(Tile(level=tile.rank - 1, index=i))) for i in below)
    if len(data) != tile.width * HASH_BYTES:
        raise ProofError("hashes are missing below a tile")
    return data


def hashes_of(data: bytes, /) -> tuple[bytes, ...]:
    """Return the hashes of a tile.

    Raises:
        ProofError: ``data`` is not 1 to 256 hashes.
    """
    if not data or len(data) % HASH_BYTES or len(data) > FULL_WIDTH * HASH_BYTES:
        raise ProofError("a tile is 1 to 256 hashes of 32 bytes")
    return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


def node_reader(read: TileReader, *, size: int) -> NodeReader:
    """Return a reader of full subtrees that looks into the tiles of a tree of ``size`` leaves.

    A tile is asked for in its greatest width. The reader keeps nothing; caching is the
    business of ``read``.
    """

    def node(level: int, index: int) -> bytes:
        rank, height = divmod(level, LEVEL_BITS)
        first = index << height
        tile = tile_in(size, level=rank, index=first // FULL_WIDTH)
        at = first % FULL_WIDTH
        hashes = hashes_of(read(tile))[at : at + (1 << height)] if tile else ()
        if len(hashes) != 1 << height:
            raise ProofError("a subtree lies outside the tree")
        return Frontier().extend(hashes).root()

    return node


def to_bundle(leaves: Sequence[bytes], /) -> bytes:
    """Return the entry bundle of 1 to 256 ``leaves``: each after its length as u16."""
    return b"".join(len(leaf).to_bytes(_LENGTH_BYTES, "big") + leaf for leaf in leaves)


def leaves_of(bundle: bytes, /) -> tuple[bytes, ...]:
    """Return the leaves of an entry bundle.

    Raises:
        ProofError: The bundle is cut, or has not 1 to 256 leaves.
    """
    leaves, at = [], 0
    while at < len(bundle):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(bundle[at:start], "big")
        leaves.append(bundle[start:at])
    if at != len(bundle) or not 1 <= len(leaves) <= FULL_WIDTH:
        raise ProofError("the entry bundle is malformed")
    return tuple(leaves)


def _root_of(data: bytes) -> bytes:
    hashes = hashes_of(data)
    if len(hashes) != FULL_WIDTH:
        raise ProofError("only full tiles are hashed into the level above")
    return Frontier().extend(hashes).root()
