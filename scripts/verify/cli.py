"""The commands of ``myspace-verify``. Exit: 0 good, 1 fails, 2 unreadable, 3 gap or duplicate."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, TextIO, TypeVar

from .entries import Plain, check_receipt, open_entry
from .mirror import Mirror, check_growth, check_tree, find_own
from .notes import Checkpoint, Policy, read_checkpoint
from .said import MESSAGES, Refused, said

T = TypeVar("T")


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    asked = _parser().parse_args(words)
    try:
        for line in asked.run(asked):
            _write(sys.stdout, line)
        if vars(asked).get("policy", True) is None:
            _write(sys.stdout, said("unsigned"))
    except Refused as refused:
        _write(sys.stderr, said(refused.name, refused.about))
        return MESSAGES[refused.name][0]
    return 0


def _write(stream: TextIO, line: str) -> None:
    """Write a line without what would move a cursor, and what the terminal cannot as ``?``."""
    shown = "".join(one for one in line if one.isprintable() or one == "\n")
    encoding = stream.encoding or "utf-8"
    stream.write(shown.encode(encoding, "replace").decode(encoding) + "\n")


def _proof(asked: argparse.Namespace) -> Iterator[str]:
    policy = _parsed(asked.policy, Policy.parse)
    leaf, index, head = _parsed(asked.file, lambda text: check_receipt(text, policy))
    yield f"  见证 · witnesses: {', '.join(head.witnesses) or 'none'}"
    yield said("receipt", f"{head.origin} · {index} / {head.size}")
    if asked.opening:
        entry = open_entry(_parsed(asked.opening, _object), leaf)
        yield json.dumps(entry, indent=2)
        yield said("opened")


def _consistency(asked: argparse.Namespace) -> Iterator[str]:
    heads = [_head(file, asked) for file in (asked.old, asked.new)]
    check_growth(Mirror(asked.mirror), *heads)
    yield said("grown", f"{heads[0].size} → {heads[1].size}")


def _fsck(asked: argparse.Namespace) -> Iterator[str]:
    head = _head(asked.folder / "checkpoint", asked)
    for _ in check_tree(Mirror(asked.folder), head):
        pass
    yield said("intact", f"{head.origin} · {head.size}")


def _mine(asked: argparse.Namespace) -> Iterator[str]:
    head = _head(asked.folder / "checkpoint", asked)
    leaves = check_tree(Mirror(asked.folder), head)
    lines = _parsed(
        asked.tag_key, lambda text: [*map(_row, count(), find_own(leaves, _object(text), head))]
    )
    yield from lines
    yield said("complete", f"{len(lines)} / {head.size}")


def _row(number: int, found: tuple[int, Plain | None]) -> str:
    index, entry = found
    if entry is None:
        return f"  {number:>6}  {index:>10}  —"
    at = datetime.fromtimestamp(entry["t"] // 1000, UTC).isoformat()
    return f"  {number:>6}  {index:>10}  {at}  {entry['kind']}"


def _open(asked: argparse.Namespace) -> Iterator[str]:
    yield json.dumps(open_entry(_parsed(asked.file, _object)), indent=2)
    yield said("unbound")


def _head(file: Path, asked: argparse.Namespace) -> Checkpoint:
    policy = asked.policy and _parsed(asked.policy, Policy.parse)
    return _parsed(file, lambda text: read_checkpoint(text, policy))


def _object(text: str) -> Plain:
    found: Plain = json.loads(text) | {}  # What is not an object refuses that: ``TypeError``.
    return found


def _parsed(file: Path, parse: Callable[[str], T]) -> T:
    """Return what ``parse`` makes of a file; what it cannot read is refused by its name."""
    try:
        return parse(file.read_bytes().decode("utf-8-sig"))
    except (KeyError, OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise Refused("file", file.name) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("myspace-verify", description="离线核验 · offline verifier")
    commands = parser.add_subparsers(required=True)
    for name, (run, told, places, options) in _COMMANDS.items():
        command = commands.add_parser(name, help=told, description=told)
        command.set_defaults(run=run)
        for place in places:
            command.add_argument(place, type=Path)
        for option in options:
            needed = option.endswith("!")
            command.add_argument(option.rstrip("!"), type=Path, required=needed)
    return parser


_COMMANDS: Final = {
    "proof": (_proof, "核验回执 · verify a receipt", ["file"], ["--policy!", "--opening"]),
    "consistency": (
        _consistency,
        "只增不改 · append-only",
        ["old", "new"],
        ["--mirror!", "--policy"],
    ),
    "fsck": (_fsck, "核验整个镜像 · verify a whole mirror", ["folder"], ["--policy"]),
    "mine": (
        _mine,
        "查找自己的条目 · find all own entries",
        ["folder"],
        ["--tag-key!", "--policy"],
    ),
    "open": (_open, "打开一个条目 · open one disclosed entry", ["file"], []),
}
"""Name → what runs, help, places, options; ``!`` marks those that must be given."""
