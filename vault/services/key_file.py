"""What is exported by ``export_journal_key``, as the file that ``myspace-verify mine`` reads.

JSON; its keys are told in docs/verify.md. A holder's file comes in pieces: it is as long as the
journal is. A piece is one entry, so a file that broke off is no JSON.
"""

from collections.abc import Iterator
from typing import Final

from vault.journal.plain import Plain, canonical_json
from vault.services.export_journal_key import DepartmentExport, Found, HolderExport, Reach

NAME: Final = "myspace-journal-key.json"
VERSION: Final = 1


def holder_file(export: HolderExport) -> Iterator[bytes]:
    """Yield a holder's file, an entry a piece.

    Raises:
        IntegrityError: An entry does not open; what was yielded is no file.
    """
    head = canonical_json(_head("holder", export.tag_key.reveal()))
    log = canonical_json(_log(export.reach))
    yield b'%b,"logs":[%b,"entries":[' % (head[:-1], log[:-1])
    for number, found in enumerate(export.entries):
        yield (b"," if number else b"") + _entry(found)
    yield b"]}]}"


def department_file(export: DepartmentExport) -> bytes:
    """Return a department's file."""
    logs = [_log(reach) for reach in export.reaches]
    return canonical_json({**_head("department", export.tag_key.reveal()), "logs": logs})


def _head(kind: str, key: bytes) -> dict[str, Plain]:
    return {"v": VERSION, "kind": kind, "tag_key": key.hex()}


def _log(reach: Reach) -> dict[str, Plain]:
    return {
        "origin": reach.origin,
        "lane": reach.lane,
        "size": reach.size,
        "count": reach.count,
    }


def _entry(found: Found) -> bytes:
    if found.opening is None:
        return canonical_json({"index": found.index})
    return b'{"index":%d,"opening":%b}' % (found.index, found.opening.to_json())
