"""What kinds of files may be kept: told by their content, never by their name."""

from typing import BinaryIO, Final

import puremagic

from vault.errors import InvalidInputError, UnsupportedFileError

MEDIA_TYPES: Final = ("application/pdf", "image/jpeg", "image/png")
"""What can be shown and marked later; nothing that runs, and nothing that unpacks."""

MAX_NAME_CHARACTERS: Final = 120
MAX_FILES: Final = 20
_HEAD_BYTES: Final = 2048
_BEGINNINGS: Final = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}


def media_type(content: BinaryIO) -> str:
    """Return the type of a file by its first bytes; the position stays at the start.

    Raises:
        UnsupportedFileError: It is none of ``MEDIA_TYPES``.
    """
    head = content.read(_HEAD_BYTES)
    content.seek(0)
    try:
        found = puremagic.from_string(head, mime=True)
    except (puremagic.PureError, ValueError) as error:
        raise UnsupportedFileError(_NEEDED, field="files") from error
    if found not in MEDIA_TYPES or not head.startswith(_BEGINNINGS[found]):
        raise UnsupportedFileError(_NEEDED, field="files")
    return found


def check_name(name: str) -> str:
    """Return the name of a file, if it is one that can be shown.

    Raises:
        InvalidInputError: Empty, too long, or with a character that names a folder or hides.
    """
    hidden = not name.isprintable() or set(name) & set('/\\:*?"<>|')
    if not name or len(name) > MAX_NAME_CHARACTERS or hidden or name != name.strip(". "):
        raise InvalidInputError("a file name is 1 to 120 plain characters", field="files")
    return name


_NEEDED: Final = "a file is a PDF, a JPEG or a PNG"
