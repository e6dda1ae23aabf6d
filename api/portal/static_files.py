"""The style sheet, the drawings, the script: read once, served by name, cached by content."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import Response

from vault.errors import NotFoundError

PREFIX: Final = "/space/static/"
DAY: Final = "public, max-age=86400"
FOR_GOOD: Final = "public, max-age=31536000, immutable"
"""For an address that changes with the content; the style sheet names its drawings without."""

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file, in memory."""

    body: bytes
    media_type: str
    digest: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Return every file, by name; a name that is not among them leads nowhere."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            digest = sha256(body).hexdigest()[:16]
            found[path.name] = StaticFile(body=body, media_type=_TYPES[path.suffix], digest=digest)
    return found


def static_href(name: str) -> str:
    """Return the address of a file; it changes with the content."""
    return f"{PREFIX}{name}?v={static_files()[name].digest}"


def serve_static(name: str, *, digest: str, known: str) -> Response:
    """Return the file ``name``, or 304 where the browser holds it already.

    Args:
        name: As in the address.
        digest: ``v`` of the address; empty where it names none.
        known: ``If-None-Match``.

    Raises:
        NotFoundError: No file has that name.
    """
    found = static_files().get(name)
    if found is None:
        raise NotFoundError("no such file")
    headers = {
        "Cache-Control": FOR_GOOD if digest == found.digest else DAY,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{found.digest}"',
    }
    if known == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)
