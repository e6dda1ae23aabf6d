"""The Merkle tree of the journal, exactly that of RFC 6962 and RFC 9162 s. 2.1, with SHA-256.

``leaf = H(00 ‖ leaf bytes)``, ``node = H(01 ‖ left ‖ right)``, empty root ``= H("")``. A tree of
any size is a row of *full* subtrees, the largest first: one for each bit that is set in the
size. Their roots are the :class:`Frontier`, all that an appender has to know.

Subtrees are named ``(level, index)``: the one at level ``l`` and index ``i`` covers the leaves
``i·2^l`` to ``(i + 1)·2^l``. Paths run from the leaf's sibling up to the child of the root.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from vault.errors import IntegrityError

HASH_BYTES: Final = 32
MAX_SIZE: Final = 1 << 48
"""Index and size stay below 2^48 (journal.md 5)."""

EMPTY_ROOT: Final = sha256(b"").digest()

Path = tuple[bytes, ...]
NodeReader = Callable[[int, int], bytes]
"""``(level, index)`` to the hash of that full subtree."""


class ProofError(IntegrityError):
    """A proof, or a stored part of the tree, does not lead to the root it claims."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash under which ``leaf`` stands in the tree."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes, /) -> bytes:
    """Return the hash of the node above two subtrees."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of ``size`` leaves as the roots of its full subtrees, largest first.

    Attributes:
        size: Number of leaves, below 2^48.
        roots: One 32-byte hash for each bit set in ``size``.
    """

    size: int = 0
    roots: Path = ()

    def __post_init__(self) -> None:
        """Refuse a size out of range or a number of roots that does not fit it."""
        if not 0 <= self.size < MAX_SIZE:
            raise ProofError("the size of a tree is below 2^48")
        if len(self.roots) != self.size.bit_count():
            raise ProofError("a frontier has one root for each bit of its size")
        if any(len(root) != HASH_BYTES for root in self.roots):
            raise ProofError("the roots of a frontier have 32 bytes each")

    @classmethod
    def from_bytes(cls, data: bytes, /, *, size: int, root: bytes) -> Self:
        """Return the frontier stored as ``data``, checked against the head it belongs to.

        Raises:
            ProofError: ``data`` has a wrong length or does not fold to ``root``.
        """
        roots = tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))
        frontier = cls(size, roots)
        if frontier.root() != root:
            raise ProofError("the frontier does not fold to the root")
        return frontier

    def to_bytes(self) -> bytes:
        """Return the roots one after the other; size and root are stored beside them."""
        return b"".join(self.roots)

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        folded = self.roots[-1]
        for root in self.roots[-2::-1]:
            folded = node_hash(root, folded)
        return folded

    def extend(self, leaf_hashes: Iterable[bytes], /) -> "Frontier":
        """Return the frontier after ``leaf_hashes`` were appended in this order."""
        roots, size = list(self.roots), self.size
        for appended in leaf_hashes:
            subtree, carry = appended, size
            while carry & 1:  # Equal subtrees merge as bits carry in an addition.
                subtree = sha256(b"\x01" + roots.pop() + subtree).digest()
                carry >>= 1
            roots.append(subtree)
            size += 1
        return Frontier(size, tuple(roots))


def paths_of_batch(frontier: Frontier, leaf_hashes: Sequence[bytes], /) -> tuple[Path, ...]:
    """Return the inclusion path of each leaf of one batch in the tree that it makes.

    Needs nothing but the tree before the batch. Each node is hashed once, and the paths of a
    node's children are its own path behind their sibling, so that the work is linear.

    Args:
        frontier: The tree before the batch.
        leaf_hashes: What is appended, in order.

    Returns:
        One path for each leaf hash, in the tree of ``frontier.size + len(leaf_hashes)``.
    """
    if not leaf_hashes:
        return ()
    rows = _rows_of_batch(frontier, leaf_hashes)
    paths: list[Path] = [()]
    for nodes, inherited in reversed(rows):
        below: list[Path] = []
        for pair, path in enumerate(paths):
            left = 2 * pair
            if left + 1 < len(nodes):
                below.append((nodes[left + 1], *path))
                below.append((nodes[left], *path))
            else:
                below.append(path)  # Alone at the right edge: promoted, no sibling here.
        paths = below[1:] if inherited else below
    return tuple(paths)


def inclusion_path(index: int, size: int, node: NodeReader) -> Path:
    """Return the path of the leaf at ``index`` in the tree of ``size`` leaves.

    Args:
        index: Position of the leaf, below ``size``.
        size: Size of the tree that the path is for; later leaves are not looked at.
        node: Reads full subtrees within ``size``.

    Raises:
        ProofError: There is no such leaf.
    """
    if not 0 <= index < size < MAX_SIZE:
        raise ProofError("no such leaf in a tree of this size")
    path = []
    for level in range((size - 1).bit_length()):
        sibling = (index >> level) ^ 1
        start = sibling << level
        if start < size:
            path.append(_range_hash(start, min(start + (1 << level), size), node))
    return tuple(path)


def consistency_path(old: int, new: int, node: NodeReader) -> Path:
    """Return the proof that the tree of ``old`` leaves is the beginning of that of ``new``.

    From the empty tree, and between equal sizes, the proof is empty. A tree that shrank has
    none: ``ProofError``.
    """
    if not 0 <= old <= new < MAX_SIZE:
        raise ProofError("a tree does not shrink")
    if old in {0, new}:
        return ()
    path: list[bytes] = []
    start, end, target, whole = 0, new, old, True
    while target != end:  # RFC 9162 s. 2.1.4.1, descending instead of recursing.
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if target <= middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start, whole = middle, False
    if not whole:  # Else the verifier has this hash: it is the old root.
        path.append(_range_hash(start, end, node))
    return tuple(reversed(path))


def root_from_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that ``path`` claims for the leaf hash ``leaf`` (RFC 9162 s. 2.1.3.2).

    Raises:
        ProofError: The path has a wrong length for ``index`` and ``size``.
    """
    if not 0 <= index < size < MAX_SIZE:
        raise ProofError("no such leaf in a tree of this size")
    _check_hashes([leaf, *path])
    folded = leaf
    for stands_left, sibling in _climb(index, size - 1, path):
        folded = node_hash(sibling, folded) if stands_left else node_hash(folded, sibling)
    return folded


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf hash ``leaf`` stands at ``index`` in the tree with ``root``.

    Raises:
        ProofError: It does not, or the proof is not one.
    """
    if root_from_inclusion(leaf, index=index, size=size, path=path) != root:
        raise ProofError("the inclusion path leads to another root")


def verify_consistency(
    *, old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of ``old`` leaves is the beginning of that of ``new`` leaves.

    RFC 9162 s. 2.1.4.2. From the empty tree the proof is empty: everything continues it.

    Raises:
        ProofError: It is not, or the proof is not one.
    """
    if not 0 <= old <= new < MAX_SIZE:
        raise ProofError("a tree does not shrink")
    _check_hashes([old_root, new_root, *path])
    if old in {0, new}:
        if path or old_root != (new_root if old == new else EMPTY_ROOT):
            raise ProofError("trees of these sizes need no proof and equal roots")
        return
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    # The root of an old tree that is one full subtree is not sent: it is in our hands.
    start, *rest = path if position and path else (old_root, *path)
    old_fold = new_fold = start
    for stands_left, sibling in _climb(position, last, rest):
        if stands_left:
            old_fold, new_fold = node_hash(sibling, old_fold), node_hash(sibling, new_fold)
        else:
            new_fold = node_hash(new_fold, sibling)
    if (old_fold, new_fold) != (old_root, new_root):
        raise ProofError("the consistency proof leads to other roots")


def _rows_of_batch(
    frontier: Frontier, leaf_hashes: Sequence[bytes]
) -> list[tuple[list[bytes], bool]]:
    """Return, level by level, the nodes that a batch adds, and whether an old one leads them.

    The last node of a row may stand for an incomplete subtree; it is promoted as it is.
    """
    inherited = list(frontier.roots)
    old, last = frontier.size, frontier.size + len(leaf_hashes) - 1
    rows: list[tuple[list[bytes], bool]] = []
    nodes = list(leaf_hashes)
    while last:
        leads = bool(old & 1)
        if leads:  # An old subtree waits here for its right half.
            nodes.insert(0, inherited.pop())
        rows.append((nodes, leads))
        above = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(nodes[::2], nodes[1::2], strict=False)
        ]
        if len(nodes) & 1:
            above.append(nodes[-1])
        nodes, old, last = above, old >> 1, last >> 1
    return rows


def _range_hash(start: int, end: int, node: NodeReader) -> bytes:
    """Return the root over leaves ``start`` to ``end``, where ``start`` is a subtree's first."""
    subtrees = []
    while start < end:
        level = (end - start).bit_length() - 1
        subtrees.append(node(level, start >> level))
        start += 1 << level
    folded = subtrees.pop()
    while subtrees:
        folded = node_hash(subtrees.pop(), folded)
    return folded


def _climb(position: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Yield each hash of ``path`` with whether it stands left, on the way up to the root."""
    for sibling in path:
        if last == 0:
            raise ProofError("the proof is too long")
        stands_left = bool(position & 1) or position == last
        yield stands_left, sibling
        while stands_left and not position & 1:  # Promoted unhashed at the right edge.
            position, last = position >> 1, last >> 1
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError("every hash of a proof has 32 bytes")
