from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.errors import InvalidInputError, NotFoundError
from vault.journal.merkle import (
    Frontier,
    ProofError,
    consistency_path,
    inclusion_path,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from vault.journal.tiles import (
    FULL_WIDTH,
    Tile,
    cut_tile,
    filled_tiles,
    hashes_of,
    leaves_of,
    node_reader,
    parse_tile_path,
    tile_in,
    tile_path,
    to_bundle,
)

SIZE = 70_000
LEAVES = [leaf_hash(number.to_bytes(3, "big")) for number in range(SIZE)]

TILES = st.sampled_from([None, 0, 1, 2, 3, 4, 5]).flatmap(
    lambda level: st.builds(
        partial(Tile, level=level),
        index=st.integers(0, (1 << 40 - 8 * (level or 0)) - 1),
        width=st.integers(1, FULL_WIDTH),
    )
)


class TileStore:
    """A log's tiles: full ones kept, partial ones cut on request."""

    def __init__(self) -> None:
        self.kept: dict[Tile, bytes] = {}

    def grow(self, old: int, new: int) -> None:
        for tile in filled_tiles(old, new):
            self.kept[tile] = self.cut(tile)

    def cut(self, tile: Tile) -> bytes:
        return cut_tile(
            tile, leaf_hashes=lambda start, end: LEAVES[start:end], read=self.kept.__getitem__
        )

    def read(self, tile: Tile) -> bytes:
        return self.kept[tile] if tile.full else self.cut(tile)


@pytest.fixture(scope="module")
def store() -> TileStore:
    grown = TileStore()
    for old in range(0, SIZE, 1000):
        grown.grow(old, old + 1000)
    return grown


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, index=0), "tile/0/000"),
        (Tile(level=0, index=1_234_067), "tile/0/x001/x234/067"),
        (Tile(level=1, index=999, width=17), "tile/1/999.p/17"),
        (Tile(level=None, index=1000, width=255), "tile/entries/x001/000.p/255"),
        (Tile(level=5, index=0, width=1), "tile/5/000.p/1"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(tile: Tile, path: str) -> None:
    assert tile_path(tile) == path
    assert parse_tile_path(path) == tile


@given(tile=TILES)
def test_every_tile_is_found_again_by_its_path(tile: Tile) -> None:
    assert parse_tile_path(tile_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/00/001",
        "tile/6/000",
        "tile/5/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/999",
        "tile/0/001.p/017",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/001\n",
        "tile/0/\u0660\u0660\u0661",
        "tile/entries/x999/x999/x999/x999/x999",
        "tile/-1/000",
        "tile/0/../000",
    ],
)
def test_what_is_not_the_path_of_a_tile_is_refused(path: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_tile_path(path)


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(6, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 1 << 40, 1), (0, 0, 0), (0, 0, 257)],
)
def test_a_tile_that_no_tree_has_is_refused(level: int, index: int, width: int) -> None:
    with pytest.raises(InvalidInputError):
        Tile(level=level, index=index, width=width)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    filled = list(filled_tiles(0, SIZE))

    assert [sum(tile.level == level for tile in filled) for level in range(3)] == [273, 1, 0]


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, SIZE), max_size=6))
def test_each_tile_is_filled_exactly_once_however_the_log_grows(cuts: list[int]) -> None:
    steps = sorted([0, *cuts, SIZE])

    grown = [tile for old, new in pairwise(steps) for tile in filled_tiles(old, new)]

    assert len(grown) == len(set(grown))
    assert set(grown) == set(filled_tiles(0, SIZE))


@pytest.mark.parametrize(
    ("size", "level", "index", "found"),
    [
        (0, 0, 0, None),
        (1, 0, 0, Tile(level=0, index=0, width=1)),
        (256, 0, 0, Tile(level=0, index=0)),
        (256, 1, 0, Tile(level=1, index=0, width=1)),
        (256, 0, 1, None),
        (257, None, 1, Tile(level=None, index=1, width=1)),
    ],
)
def test_the_widest_tile_at_a_place_grows_with_the_tree(
    size: int, level: int | None, index: int, found: Tile | None
) -> None:
    assert tile_in(size, level=level, index=index) == found


def test_a_tile_is_served_once_the_tree_has_all_its_hashes() -> None:
    tile = Tile(level=1, index=1, width=17)

    assert tile.within(SIZE)
    assert tile.within((256 + 17) * 256)
    assert not tile.within((256 + 17) * 256 - 1)


def test_proofs_are_read_from_tiles(store: TileStore) -> None:
    root = Frontier().extend(LEAVES).root()
    node = node_reader(store.read, size=SIZE)
    for index in (0, 255, 256, 65_535, 65_536, SIZE - 1):
        path = inclusion_path(index, SIZE, node)

        verify_inclusion(LEAVES[index], index=index, size=SIZE, path=path, root=root)
    for old in (1, 256, 65_536, 69_999):
        verify_consistency(
            old=old,
            old_root=Frontier().extend(LEAVES[:old]).root(),
            new=SIZE,
            new_root=root,
            path=consistency_path(old, SIZE, node),
        )


@pytest.mark.parametrize(("level", "index"), [(0, SIZE), (8, 273), (9, 136), (40, 0)])
def test_a_subtree_outside_the_tree_is_not_read(store: TileStore, level: int, index: int) -> None:
    node = node_reader(store.read, size=SIZE)

    with pytest.raises(ProofError):
        node(level, index)


def test_a_missing_tile_keeps_its_own_error() -> None:
    def read(tile: Tile) -> bytes:
        raise NotFoundError(tile_path(tile))

    with pytest.raises(NotFoundError):
        node_reader(read, size=1)(0, 0)


def test_a_tile_is_not_cut_from_less_than_it_covers() -> None:
    def nothing(start: int, end: int) -> list[bytes]:
        return LEAVES[start : end - 1]

    with pytest.raises(ProofError):
        cut_tile(Tile(level=0, index=0), leaf_hashes=nothing, read=lambda _: b"")
    with pytest.raises(ProofError):
        cut_tile(Tile(level=1, index=0), leaf_hashes=nothing, read=lambda _: LEAVES[0])


@pytest.mark.parametrize("data", [b"", b"\x00" * 31, b"\x00" * 257 * 32])
def test_bytes_that_are_no_tile_are_refused(data: bytes) -> None:
    with pytest.raises(ProofError):
        hashes_of(data)


@given(leaves=st.lists(st.binary(max_size=80), min_size=1, max_size=20))
def test_a_bundle_gives_back_its_leaves(leaves: list[bytes]) -> None:
    assert leaves_of(to_bundle(leaves)) == tuple(leaves)


@pytest.mark.parametrize(
    "bundle", [b"", b"\x00", b"\x00\x02a", b"\x00\x01ab", to_bundle([b""] * 257)]
)
def test_a_malformed_bundle_is_refused(bundle: bytes) -> None:
    with pytest.raises(ProofError):
        leaves_of(bundle)
