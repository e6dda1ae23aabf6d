import json
import os
import random
from collections.abc import Sequence
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.journal.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    ProofError,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    paths_of_batch,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)

LARGEST = int(os.environ.get("MYSPACE_TEST_TREE_SIZE", "64"))
"""Every tree up to this size is tried; 256 in a full run."""

MUTATIONS = 4_000
VECTORS = json.loads(File("tests/vectors/crypto_vectors.json").read_text())


def plain_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root as RFC 6962 s. 2.1 defines it, by the plainest recursion."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(plain_root(hashes[:middle]), plain_root(hashes[middle:]))


LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(LARGEST)]
ROOTS = [plain_root(LEAVES[:size]) for size in range(LARGEST + 1)]
NODES: dict[tuple[int, int], bytes] = {}


def node(level: int, index: int) -> bytes:
    if (level, index) not in NODES:
        NODES[level, index] = plain_root(LEAVES[index << level : (index + 1) << level])
    return NODES[level, index]


def hexes(values: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(value) for value in values)


def test_every_inclusion_path_leads_to_the_root_and_to_no_other() -> None:
    for size in range(1, LARGEST + 1):
        for index in range(size):
            path = inclusion_path(index, size, node)

            verify_inclusion(LEAVES[index], index=index, size=size, path=path, root=ROOTS[size])
            with pytest.raises(ProofError):
                verify_inclusion(
                    LEAVES[index - 1] if size > 1 else EMPTY_ROOT,
                    index=index,
                    size=size,
                    path=path,
                    root=ROOTS[size],
                )


def test_every_tree_is_the_beginning_of_every_later_one() -> None:
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            path = consistency_path(old, new, node)

            verify_consistency(
                old=old, old_root=ROOTS[old], new=new, new_root=ROOTS[new], path=path
            )


def test_the_frontier_grows_to_the_plain_root_in_batches_of_every_size() -> None:
    for batch in (1, 2, 3, 7, LARGEST):
        frontier = Frontier()
        for start in range(0, LARGEST, batch):
            frontier = frontier.extend(LEAVES[start : start + batch])

            assert frontier.root() == ROOTS[frontier.size]


def test_the_paths_of_a_batch_are_those_of_the_whole_tree() -> None:
    for old in range(LARGEST):
        frontier = Frontier().extend(LEAVES[:old])
        for new in range(old, LARGEST + 1):
            paths = paths_of_batch(frontier, LEAVES[old:new])

            assert paths == tuple(inclusion_path(index, new, node) for index in range(old, new))


def test_a_stored_frontier_opens_only_beside_its_own_head() -> None:
    for size in range(LARGEST + 1):
        frontier = Frontier().extend(LEAVES[:size])
        stored = frontier.to_bytes()

        assert Frontier.from_bytes(stored, size=size, root=ROOTS[size]) == frontier
        for other, root in ((size, EMPTY_ROOT[::-1]), (2 * size + 1, ROOTS[size])):
            with pytest.raises(ProofError):
                Frontier.from_bytes(stored, size=other, root=root)


@pytest.mark.parametrize(
    ("size", "roots"),
    [(-1, ()), (MAX_SIZE, (EMPTY_ROOT,)), (1, ()), (1, (b"short",)), (2, (EMPTY_ROOT,) * 2)],
)
def test_a_frontier_that_cannot_be_is_refused(size: int, roots: tuple[bytes, ...]) -> None:
    with pytest.raises(ProofError):
        Frontier(size, roots)


def test_a_tree_that_would_outgrow_its_numbers_is_refused() -> None:
    full = Frontier(MAX_SIZE - 1, (EMPTY_ROOT,) * 48)

    with pytest.raises(ProofError):
        full.extend([EMPTY_ROOT])


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (1, 1), (0, 0), (0, MAX_SIZE)])
def test_a_leaf_outside_the_tree_has_no_path(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        inclusion_path(index, size, node)
    with pytest.raises(ProofError):
        root_from_inclusion(EMPTY_ROOT, index=index, size=size, path=())


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (0, MAX_SIZE)])
def test_a_tree_that_shrinks_has_no_proof(old: int, new: int) -> None:
    with pytest.raises(ProofError):
        consistency_path(old, new, node)
    with pytest.raises(ProofError):
        verify_consistency(old=old, old_root=EMPTY_ROOT, new=new, new_root=EMPTY_ROOT, path=())


def test_equal_sizes_have_equal_roots_and_the_empty_tree_its_own() -> None:
    for old, old_root, new in ((3, ROOTS[4], 3), (0, ROOTS[1], 3), (0, ROOTS[1], 0)):
        with pytest.raises(ProofError):
            verify_consistency(old=old, old_root=old_root, new=new, new_root=ROOTS[new], path=())
    with pytest.raises(ProofError):
        verify_consistency(old=0, old_root=EMPTY_ROOT, new=3, new_root=ROOTS[3], path=(ROOTS[3],))


def mutated_path(chance: random.Random, path: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return ``path`` with one hash flipped, dropped, doubled, swapped, added or cut."""
    mutated = list(path)
    spot = chance.randrange(len(mutated) + 1)
    match chance.randrange(6):
        case 0 if mutated:
            flipped = bytearray(mutated[spot - 1])
            flipped[chance.randrange(32)] ^= 1 << chance.randrange(8)
            mutated[spot - 1] = bytes(flipped)
        case 1 if mutated:
            del mutated[spot - 1]
        case 2 if mutated:
            mutated.insert(spot, mutated[spot - 1])
        case 3 if len(mutated) > 1:
            mutated[spot - 1], mutated[spot - 2] = mutated[spot - 2], mutated[spot - 1]
        case 4 if mutated:
            mutated[spot - 1] = mutated[spot - 1][:-1]
        case _:
            mutated.insert(spot, chance.choice([*LEAVES, *ROOTS]))
    return tuple(mutated)


def test_no_mutated_inclusion_proof_is_accepted() -> None:
    chance = random.Random(6962)  # noqa: S311 - a repeatable choice, not a secret.
    refused = 0
    for _ in range(MUTATIONS):
        size = chance.randint(1, LARGEST)
        index = chance.randrange(size)
        path = inclusion_path(index, size, node)
        mutated = mutated_path(chance, path)
        if mutated == path:
            continue
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[index], index=index, size=size, path=mutated, root=ROOTS[size])
        refused += 1

    assert refused > MUTATIONS * 0.9


def test_no_inclusion_proof_is_accepted_at_another_index_or_in_another_tree() -> None:
    for size in range(2, LARGEST + 1):
        index = size * 7 // 11
        path = inclusion_path(index, size, node)
        for elsewhere in set(range(size)) - {index}:
            with pytest.raises(ProofError):
                verify_inclusion(
                    LEAVES[index], index=elsewhere, size=size, path=path, root=ROOTS[size]
                )
        with pytest.raises(ProofError):
            verify_inclusion(
                LEAVES[index], index=index, size=size, path=path, root=ROOTS[size - 1]
            )


def test_no_mutated_consistency_proof_is_accepted() -> None:
    chance = random.Random(9162)  # noqa: S311 - a repeatable choice, not a secret.
    refused = 0
    for _ in range(MUTATIONS):
        new = chance.randint(2, LARGEST)
        old = chance.randint(1, new - 1)
        path = consistency_path(old, new, node)
        mutated = mutated_path(chance, path)
        if mutated == path:
            continue
        with pytest.raises(ProofError):
            verify_consistency(
                old=old, old_root=ROOTS[old], new=new, new_root=ROOTS[new], path=mutated
            )
        refused += 1

    assert refused > MUTATIONS * 0.9


def test_no_consistency_proof_is_accepted_for_another_root() -> None:
    for new in range(2, LARGEST + 1):
        for old in range(1, new):
            path = consistency_path(old, new, node)
            for old_root, new_root in ((ROOTS[old - 1], ROOTS[new]), (ROOTS[old], ROOTS[new - 1])):
                with pytest.raises(ProofError):
                    verify_consistency(
                        old=old, old_root=old_root, new=new, new_root=new_root, path=path
                    )


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 40), max_size=6))
def test_any_split_into_batches_makes_the_same_tree(sizes: list[int]) -> None:
    leaves = [leaf_hash(number.to_bytes(2, "big")) for number in range(sum(sizes))]
    frontier = Frontier()

    for size in sizes:
        batch = leaves[frontier.size : frontier.size + size]
        old, frontier = frontier, frontier.extend(batch)
        for position, path in enumerate(paths_of_batch(old, batch)):
            verify_inclusion(
                batch[position],
                index=old.size + position,
                size=frontier.size,
                path=path,
                root=frontier.root(),
            )

    assert frontier.root() == plain_root(leaves)


def test_the_published_tree_of_eight_leaves_has_its_root() -> None:
    tree: dict[str, Any] = VECTORS["published"]["rfc6962_tree"]

    frontier = Frontier().extend(leaf_hash(leaf) for leaf in hexes(tree["leaves"]))

    assert frontier.root().hex() == tree["root_of_8"]


def test_the_published_proof_in_a_tree_of_ten_verifies() -> None:
    proof: dict[str, Any] = VECTORS["published"]["inclusion_size_10"]

    verify_inclusion(
        bytes.fromhex(proof["leaf_hash"]),
        index=proof["index"],
        size=proof["size"],
        path=hexes(proof["path"]),
        root=bytes.fromhex(proof["root"]),
    )


def test_our_five_entries_make_the_roots_and_paths_of_the_vectors() -> None:
    journal: dict[str, Any] = VECTORS["journal"]
    leaves = [bytes.fromhex(entry["leaf"]) for entry in journal["entries"]]
    hashes = [leaf_hash(leaf) for leaf in leaves]

    def read(level: int, index: int) -> bytes:
        return plain_root(hashes[index << level : (index + 1) << level])

    assert [one.hex() for one in hashes] == [one["leaf_hash"] for one in journal["entries"]]
    assert {
        str(size): Frontier().extend(hashes[:size]).root().hex() for size in range(6)
    } == journal["roots"]
    for proof in journal["inclusion"]:
        assert inclusion_path(proof["index"], proof["size"], read) == hexes(proof["path"])
    for proof in journal["consistency"]:
        assert consistency_path(proof["from"], proof["to"], read) == hexes(proof["path"])
