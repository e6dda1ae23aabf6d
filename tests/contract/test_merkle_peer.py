"""Our inclusion proofs, and the spoilt ones, before somebody else's RFC 6962: sigstore's."""

import random
from collections.abc import Callable
from functools import cache
from typing import Any

from scripts.verify.said import Refused
from scripts.verify.tree import check_inclusion, root_of
from tests.support.peers import Peer
from vault.journal.merkle import inclusion_path, leaf_hash
from vault.journal.plain import base64_text

LARGEST = 256
LEAVES = [number.to_bytes(2, "big") for number in range(LARGEST)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
ROOTS = [root_of(HASHES[:size]) for size in range(LARGEST + 1)]


@cache
def node(level: int, index: int) -> bytes:
    return root_of(HASHES[index << level : (index + 1) << level])


def proof(index: int, size: int, path: list[bytes], *, root: bytes) -> dict[str, Any]:
    return {
        "leaf": base64_text(LEAVES[index]),
        "index": index,
        "size": size,
        "path": [base64_text(one) for one in path],
        "root": base64_text(root),
    }


def test_every_inclusion_proof_up_to_256_leaves_holds_there(
    peer: Callable[[str], Peer],
) -> None:
    oracle = peer("merkle")
    for size in range(1, LARGEST + 1):
        proofs = [
            proof(index, size, list(inclusion_path(index, size, node)), root=ROOTS[size])
            for index in range(size)
        ]

        assert oracle.ask("included", proofs=proofs) == [True] * size


def test_what_is_spoilt_is_judged_alike_by_both(peer: Callable[[str], Peer]) -> None:
    chance = random.Random(9162)  # noqa: S311 - a repeatable choice, not a secret
    proofs, ours = [], []
    for _ in range(5000):
        size = chance.randint(2, LARGEST)
        index = chance.randrange(size)
        path = list(inclusion_path(index, size, node))
        root = ROOTS[chance.choice([size, size, size, chance.randint(1, LARGEST)])]
        match chance.randrange(4):
            case 0:
                path[chance.randrange(len(path))] = chance.choice(HASHES)
            case 1:
                del path[chance.randrange(len(path))]
            case 2:
                path.insert(chance.randrange(len(path) + 1), chance.choice(HASHES))
            case _:
                index = chance.randrange(size)
        proofs.append(proof(index, size, path, root=root))
        ours.append(_holds(index, size, path, root))

    assert peer("merkle").ask("included", proofs=proofs) == ours
    assert 0 < sum(ours) < len(ours) / 10


def _holds(index: int, size: int, path: list[bytes], root: bytes) -> bool:
    try:
        check_inclusion(HASHES[index], index, size, path, root)
    except Refused:
        return False
    return True
