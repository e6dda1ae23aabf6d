"""Checks offline what the server hands out as proof: nothing but the trust policy is asked."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from scripts.demo_browser import StoryError
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.entries import Entry
from vault.journal.plain import canonical_json
from vault.journal.receipts import Proven, verify_receipt
from vault.journal.statements import Opening, Statement, verify_opening
from vault.journal.trust import Policy

MAX_PART_BYTES: Final = 1024 * 1024


def receipt_proves(text: str, *, trust: Policy) -> Proven:
    """Return what a receipt proves.

    Raises:
        StoryError: It does not verify.
    """
    try:
        return verify_receipt(text, trust)
    except IntegrityError as error:
        raise StoryError(f"回执核验不通过：{error}", f"the receipt fails: {error}") from error


def release_proves(body: Mapping[str, Any], *, trust: Policy) -> Entry:
    """Return the entry behind an answer to a pull: receipt, opening and statement agree."""
    return _entry(
        body["receipt"]["text"],
        opening=canonical_json(body["opening"]),
        statement=canonical_json(body["statement"]),
        trust=trust,
    )


def bundle_proves(data: bytes, *, trust: Policy) -> Entry:
    """Return the entry behind the archive that a holder downloads.

    Raises:
        StoryError: The archive lacks a part, or does not verify.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {one.filename: archive.read(one) for one in archive.infolist() if _small(one)}
    except zipfile.BadZipFile as error:
        raise StoryError("回执不是压缩包", "the receipt is no archive") from error
    try:
        return _entry(
            parts["receipt.tlog-proof"].decode(),
            opening=parts["opening.json"],
            statement=parts["statement.json"],
            trust=trust,
        )
    except KeyError as error:
        raise StoryError(f"压缩包里缺少 {error}", f"the archive lacks {error}") from error


def _entry(receipt: str, *, opening: bytes, statement: bytes, trust: Policy) -> Entry:
    proven = receipt_proves(receipt, trust=trust)
    try:
        return verify_opening(
            Opening.from_json(opening),
            leaf=proven.leaf.to_bytes(),
            statement=Statement.from_json(statement),
        )
    except (IntegrityError, InvalidInputError) as error:
        raise StoryError(f"开启文件不符：{error}", f"the opening fails: {error}") from error


def _small(part: zipfile.ZipInfo) -> bool:
    return part.file_size <= MAX_PART_BYTES
