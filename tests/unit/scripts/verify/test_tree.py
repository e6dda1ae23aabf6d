"""The verifier's tree against that of the vault: two programs, one RFC 6962."""

import os
import random
from collections.abc import Callable, Sequence
from functools import cache

import pytest

from scripts.verify.said import Refused
from scripts.verify.tree import (
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    root_of,
)
from vault.journal.merkle import (
    ProofError,
    consistency_path,
    inclusion_path,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 256
MUTATIONS = int(os.environ.get("MYSPACE_TEST_MUTATIONS", "20000"))
"""Proofs that are spoilt, of each kind half; a million in a full run."""

LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(LARGEST)]
ROOTS = [root_of(LEAVES[:size]) for size in range(LARGEST + 1)]


@cache
def node(level: int, index: int) -> bytes:
    return root_of(LEAVES[index << level : (index + 1) << level])


def test_every_inclusion_proof_of_the_vault_is_good_there_and_here() -> None:
    checked = 0
    for size in range(1, LARGEST + 1):
        for index in range(size):
            path = inclusion_path(index, size, node)
            check_inclusion(LEAVES[index], index, size, path, ROOTS[size])
            verify_inclusion(LEAVES[index], index=index, size=size, path=path, root=ROOTS[size])
            checked += 1

    assert checked == LARGEST * (LARGEST + 1) // 2


def test_both_make_the_same_consistency_proof_and_it_is_good_in_both() -> None:
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            path = prove_consistency(old, new, node)

            assert tuple(path) == consistency_path(old, new, node)
            check_consistency(old, ROOTS[old], new, ROOTS[new], path)
            verify_consistency(
                old=old, old_root=ROOTS[old], new=new, new_root=ROOTS[new], path=path
            )


def test_everything_continues_the_empty_log_and_nothing_else_has_its_root() -> None:
    check_consistency(0, ROOTS[0], 5, ROOTS[5], [])

    for old_root, path in ((ROOTS[1], []), (ROOTS[0], [ROOTS[0]])):
        with pytest.raises(Refused, match="consistency"):
            check_consistency(0, old_root, 5, ROOTS[5], path)


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5), (5, -1)])
def test_a_log_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(Refused, match="consistency"):
        check_consistency(old, ROOTS[5], new, ROOTS[5], [])


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (1, 1), (0, 0)])
def test_a_leaf_outside_the_tree_is_in_no_tree(index: int, size: int) -> None:
    with pytest.raises(Refused, match="inclusion"):
        check_inclusion(LEAVES[0], index, size, [], LEAVES[0])


def spoilt(chance: random.Random, path: Sequence[bytes]) -> list[bytes]:
    """Return ``path`` with one thing wrong in it, or more."""
    made = list(path)
    at = chance.randrange(len(made) + 1)
    match chance.randrange(8):
        case 0 if made:
            bit = 1 << chance.randrange(256)
            made[at - 1] = (int.from_bytes(made[at - 1], "big") ^ bit).to_bytes(32, "big")
        case 1 if made:
            del made[at - 1]
        case 2 if made:
            made.insert(at, made[at - 1])
        case 3 if len(made) > 1:
            chance.shuffle(made)
        case 4 if made:
            made[at - 1] = made[at - 1][:-1]
        case 5 if len(made) > 1:  # The same bytes, cut at another place.
            made[at - 2 : at] = [b"".join(made[at - 2 : at])]
        case 6 if made:
            made[at - 1] = made[at - 1] + chance.randbytes(32)
        case _:
            made.insert(at, chance.choice([*LEAVES, *ROOTS]))
    return made


def test_no_spoilt_proof_is_accepted_by_either() -> None:
    chance = random.Random(20260)  # noqa: S311 - a repeatable choice, not a secret
    tried = accepted = 0
    while tried < MUTATIONS // 2:
        new = chance.randint(2, LARGEST)
        old = chance.randrange(1, new)
        path, proof = inclusion_path(old, new, node), consistency_path(old, new, node)
        other_path, other_proof = spoilt(chance, path), spoilt(chance, proof)
        if tuple(other_path) == path or tuple(other_proof) == proof:
            continue
        tried += 1
        accepted += _good(check_inclusion, LEAVES[old], old, new, other_path, ROOTS[new])
        accepted += _good(check_consistency, old, ROOTS[old], new, ROOTS[new], other_proof)
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[old], index=old, size=new, path=other_path, root=ROOTS[new])
        with pytest.raises(ProofError):
            verify_consistency(
                old=old, old_root=ROOTS[old], new=new, new_root=ROOTS[new], path=other_proof
            )

    assert (tried, accepted) == (MUTATIONS // 2, 0)


def test_no_proof_is_good_for_another_place_or_another_size() -> None:
    chance = random.Random(6962)  # noqa: S311 - a repeatable choice, not a secret
    for _ in range(2000):
        size, other = chance.randint(2, LARGEST), chance.randint(2, LARGEST)
        index, elsewhere = chance.randrange(size), chance.randrange(other)
        path = inclusion_path(index, size, node)
        if (index, size) != (elsewhere, other):
            root = ROOTS[other]
            assert not _good(check_inclusion, LEAVES[index], elsewhere, other, path, root)


def _good(check: Callable[..., None], *what: object) -> bool:
    try:
        check(*what)
    except Refused:
        return False
    return True
