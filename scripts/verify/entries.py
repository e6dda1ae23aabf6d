"""Receipts (C2SP tlog-proof), leaves, and the openings of sealed entries."""

import json
import re
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA512, SM3
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .notes import Checkpoint, Policy, read_checkpoint, strict_base64
from .said import Refused
from .tree import check_inclusion, leaf_hash

Plain = dict[str, Any]
LEAF_BYTES: Final = 70
HOLDER_TAG, ACTOR_TAG = slice(6, 22), slice(22, 38)
_HOUR_MS: Final = 3_600_000
_CHUNK: Final = 16_400
_SUITES: Final = {1: (b"AEAD_AES_256_GCM", SHA512(), 32), 2: (b"AEAD_SM4_GCM", SM3(), 16)}
_RECEIPT: Final = re.compile(
    r"c2sp\.org/tlog-proof@v1\nextra (.{1,200})\nindex (0|[1-9][0-9]{0,14})\n"
    r"((?:[A-Za-z0-9+/]{43}=\n){0,48})\n(.+)",
    re.DOTALL,
)


def check_receipt(text: str, policy: Policy) -> tuple[bytes, int, Checkpoint]:
    """Return leaf, index and checkpoint of a receipt that holds under ``policy``."""
    found = _RECEIPT.fullmatch(text)
    if found is None:
        raise Refused("file", "receipt")
    leaf, index = strict_base64(found[1]), int(found[2])
    head = read_checkpoint(found[4], policy)
    path = [strict_base64(line) for line in found[3].split()]
    check_inclusion(leaf_hash(leaf), index, head.size, path, head.root)
    return leaf, index, head


def open_entry(opening: Plain, leaf: bytes | None = None) -> Plain:
    """Return the entry that ``opening`` opens; with a leaf, only if it is that leaf's.

    The envelope commits to its key (C2SP chunked-encryption), so no other entry can be shown.
    """
    try:
        payload = strict_base64(opening["payload"])
        vault, entry, ref = (bytes.fromhex(opening[k]) for k in ("vault", "entry", "holder_ref"))
        number = (opening["lane"] << 48 | opening["actor_seq"]).to_bytes(8, "big")
        suite, key = opening["suite"], bytes.fromhex(opening["key"])
        context = b"cv1\x00\x0daudit-payload\x00\x08" + suite.to_bytes(8, "big")
        for one in (vault, ref, number, entry):
            context += len(one).to_bytes(2, "big") + one
        found: Plain = json.loads(_unsealed(suite, key, context, payload))
        good = opening["v"] == found["v"] == 1 and found["id"] == opening["entry"]
        if leaf is not None:
            good &= leaf[:2] == bytes([1, suite]) and len(leaf) == LEAF_BYTES
            good &= leaf[38:] == sha256(payload).digest()
            hours = int.from_bytes(leaf[2:6], "big")
            good &= hours in {found["t"] // _HOUR_MS, found["t"] // (24 * _HOUR_MS) * 24}
    except (InvalidTag, UnsupportedAlgorithm, KeyError, OverflowError, TypeError, ValueError):
        good, found = False, {}
    if not good:
        raise Refused("opening", opening.get("entry", ""))
    return found


def _unsealed(suite: int, key: bytes, context: bytes, sealed: bytes) -> bytes:
    """Open an envelope and take the padding off what was inside."""
    name, hashed, key_bytes = _SUITES[suite]
    salt, commitment, chunks = sealed[:24], sealed[24:56], sealed[56:]
    info = b"c2sp.org/chunked-encryption@v1+" + name + b"\0" + salt + context
    derived = HKDFExpand(hashed, key_bytes + 44, info).derive(key)
    if len(key) != key_bytes or not compare_digest(derived[-32:], commitment):
        raise ValueError
    nonce, plain = int.from_bytes(derived[key_bytes:-32], "big"), b""
    for at in range(len(chunks) // _CHUNK + 1):
        chunk = chunks[_CHUNK * at : _CHUNK * (at + 1)]
        iv = (nonce ^ at).to_bytes(12, "big")
        if suite == 1:
            plain += aead.AESGCM(derived[:key_bytes]).decrypt(iv, chunk, None)
        else:
            cipher = Cipher(algorithms.SM4(derived[:key_bytes]), modes.GCM(iv, chunk[-16:]))
            opened = cipher.decryptor()
            plain += opened.update(chunk[:-16]) + opened.finalize()
    text, _, zeros = plain.rpartition(b"\x80")
    if len(plain) % 256 or zeros.strip(b"\0"):
        raise ValueError
    return text
