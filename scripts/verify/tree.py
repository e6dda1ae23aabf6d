"""The tree of RFC 6962 section 2.1 with SHA-256, by its own recursive definitions."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from .said import Refused

HASH_BYTES: Final = 32

Node = Callable[[int, int], bytes]
"""Level and index of a full subtree to its hash."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of an entry."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash above two subtrees."""
    return sha256(b"\1" + left + right).digest()


def root_of(row: Sequence[bytes]) -> bytes:
    """Return the root above ``row``, pairing level by level; an odd last one goes up as it is."""
    if not row:
        return sha256(b"").digest()
    while len(row) > 1:
        odd = [row[-1]] if len(row) & 1 else []
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return row[0]


def prove_consistency(
    old: int, new: int, node: Node, start: int = 0, *, whole: bool = True
) -> list[bytes]:
    """Return SUBPROOF(old, D[new], whole) for 0 < old ≤ new, leaves counted from ``start``."""
    if old == new:
        return [] if whole else [_span(start, new, node)]
    half = _half(new)
    if old <= half:
        path = prove_consistency(old, half, node, start, whole=whole)
        return [*path, _span(start + half, new - half, node)]
    path = prove_consistency(old - half, new - half, node, start + half, whole=False)
    return [*path, _span(start, half, node)]


def check_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Return if the leaf hash ``leaf`` stands at ``index`` of the tree; else refuse."""
    sizes = {len(one) for one in (leaf, *path)}
    good = 0 <= index < size and sizes == {HASH_BYTES}
    if not good or _climbed(leaf, index, size, path) != root:
        raise Refused("inclusion", index)


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return if the tree of ``old`` leaves begins that of ``new``; else refuse."""
    sizes = {len(one) for one in (old_root, *path)}
    if old == 0:
        good = not path and old_root == root_of([]) and new >= 0
    else:
        good = 0 < old <= new and _pair(old, new, path, old_root) == (old_root, new_root)
    if not good or sizes != {HASH_BYTES}:
        raise Refused("consistency", f"{old} → {new}")


def _climbed(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    if size == 1 or not path:
        return leaf if size == 1 and not path else b""  # Too long or too short: no root at all.
    half, below = _half(size), path[:-1]
    if index < half:
        return node_hash(_climbed(leaf, index, half, below), path[-1])
    return node_hash(path[-1], _climbed(leaf, index - half, size - half, below))


def _pair(old: int, new: int, path: Sequence[bytes], known: bytes) -> tuple[bytes, bytes]:
    """Return both roots; ``known`` is the old root as long as only left turns were taken."""
    if old == new:
        here = [known] if known else path
        return (here[0], here[0]) if len(path) + bool(known) == 1 else (b"", b"")
    if not path:
        return b"", b""
    half, below = _half(new), path[:-1]
    if old <= half:
        older, newer = _pair(old, half, below, known)
        return older, node_hash(newer, path[-1])
    older, newer = _pair(old - half, new - half, below, b"")
    return node_hash(path[-1], older), node_hash(path[-1], newer)


def _span(start: int, size: int, node: Node) -> bytes:
    level = size.bit_length() - 1
    if size == 1 << level:
        return node(level, start >> level)
    half = _half(size)
    return node_hash(_span(start, half, node), _span(start + half, size - half, node))


def _half(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1
