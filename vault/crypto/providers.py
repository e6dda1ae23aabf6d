"""Root keys from a passphrase or from a file (crypto.md 8)."""

import os
import re
import stat
from dataclasses import dataclass
from hmac import digest
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from vault.crypto.contexts import Context
from vault.crypto.envelope import open_sealed, seal
from vault.crypto.keys import RootKey
from vault.crypto.roots import Capability, Health, Root
from vault.crypto.suites import Suite
from vault.errors import ConflictError, IntegrityError, InvalidInputError, KeyUnavailableError
from vault.ids import RandomBytes

ROOT_BYTES: Final = 32
SALT_BYTES: Final = 16
DEFAULT_N: Final = 1 << 18
MIN_N: Final = 1 << 17
MAX_N: Final = 1 << 20
PREVIOUS: Final = ".previous"
"""Suffix of the second slot of a key file."""

_R: Final = 8
_P: Final = 1
_PARAMETERS: Final = re.compile(r"scrypt,n=([0-9]{1,8}),r=8,p=1,salt=([0-9a-f]{32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptParameters:
    """Cost of a passphrase (RFC 7914), r = 8 and p = 1: 1 KiB of memory for each unit of N."""

    n: int
    salt: bytes

    def __post_init__(self) -> None:
        """Refuse a cost that is too cheap, too dear or no power of two, before any work."""
        if not MIN_N <= self.n <= MAX_N or self.n & (self.n - 1) or len(self.salt) != SALT_BYTES:
            raise IntegrityError("the passphrase parameters are out of bounds")

    def encode(self) -> str:
        """Return the text that stands in row and context."""
        return f"scrypt,n={self.n},r={_R},p={_P},salt={self.salt.hex()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the parameters that ``encode`` wrote.

        Raises:
            IntegrityError: Another text, or out of bounds.
        """
        found = _PARAMETERS.fullmatch(text)
        if found is None:
            raise IntegrityError("the passphrase parameters are malformed")
        return cls(n=int(found[1]), salt=bytes.fromhex(found[2]))

    def derive(self, passphrase: bytes) -> bytes:
        """Return the 32-byte root secret; takes about a second and N KiB."""
        return Scrypt(salt=self.salt, length=ROOT_BYTES, n=self.n, r=_R, p=_P).derive(passphrase)


class PassphraseProvider:
    """A root key derived from what a person enters at start. One derivation per salt."""

    kind: Final = "passphrase"
    capabilities: Final[frozenset[Capability]] = frozenset({"wrap"})

    def __init__(self, passphrase: bytes, *, random: RandomBytes, n: int = DEFAULT_N) -> None:
        """Keep the passphrase for the derivations to come.

        Args:
            passphrase: From a file descriptor or credential file, never from an argument.
            random: Gives salts.
            n: scrypt cost of new wraps; old ones name their own.

        Raises:
            InvalidInputError: The passphrase is empty.
        """
        if not passphrase:
            raise InvalidInputError("the passphrase is empty")
        self._passphrase = passphrase
        self._random = random
        self._n = n
        self._secrets: dict[str, bytes] = {}

    def root(self) -> Root:
        """Return the root in use, or one with a new salt."""
        if not self._secrets:
            self._secret(ScryptParameters(n=self._n, salt=self._random(SALT_BYTES)).encode())
        parameters, secret = next(reversed(self._secrets.items()))
        return Root(self.kind, _key_id(secret), parameters)

    def wrap(self, key: bytes, *, root: Root, context: Context) -> bytes:
        """Return ``key`` sealed under the derived root key."""
        return seal(self._key(root, context=context), context, key, random=self._random)

    def unwrap(self, wrap: bytes, *, root: Root, context: Context) -> bytes:
        """Return what ``wrap`` took; a wrong passphrase raises ``KeyUnavailableError``."""
        return open_sealed(self._key(root, context=context), context, wrap)

    def health(self) -> Health:
        """Say that it is ready: the passphrase is in memory."""
        return Health(ok=True, detail="the passphrase was entered at start")

    def _key(self, root: Root, *, context: Context) -> RootKey:
        secret = self._secret(root.parameters)
        if root != (self.kind, _key_id(secret), root.parameters):
            raise KeyUnavailableError("the passphrase is not the one that opens this vault")
        return _root_key(secret, suite=context.suite)

    def _secret(self, parameters: str) -> bytes:
        if parameters not in self._secrets:
            self._secrets[parameters] = ScryptParameters.parse(parameters).derive(self._passphrase)
        return self._secrets[parameters]


class FileProvider:
    """A root key of 32 raw bytes in a file of our own, apart from the data it opens.

    The file is the slot for new wraps; beside it, ``<name>.previous`` opens older ones. Both
    are read at each use and kept nowhere.
    """

    kind: Final = "file"
    capabilities: Final[frozenset[Capability]] = frozenset({"wrap"})

    def __init__(self, path: Path, *, random: RandomBytes) -> None:
        """Take the file at ``path``; nothing is read yet."""
        self._current = path
        self._previous = path.with_name(path.name + PREVIOUS)
        self._random = random

    def root(self) -> Root:
        """Return the root key in the current slot."""
        return Root(self.kind, _key_id(_read_key_file(self._current)), "")

    def wrap(self, key: bytes, *, root: Root, context: Context) -> bytes:
        """Return ``key`` sealed under the root key of the file."""
        return seal(self._key(root, context=context), context, key, random=self._random)

    def unwrap(self, wrap: bytes, *, root: Root, context: Context) -> bytes:
        """Return what ``wrap`` took, with the slot that ``root`` names."""
        return open_sealed(self._key(root, context=context), context, wrap)

    def health(self) -> Health:
        """Say whether the current slot can be read."""
        try:
            self.root()
        except KeyUnavailableError as error:
            return Health(ok=False, detail=str(error))
        return Health(ok=True, detail="the key file is readable and ours alone")

    def _key(self, root: Root, *, context: Context) -> RootKey:
        for slot in (self._current, self._previous):
            if slot is self._current or slot.exists():
                secret = _read_key_file(slot)
                if root == (self.kind, _key_id(secret), ""):
                    return _root_key(secret, suite=context.suite)
        raise KeyUnavailableError("the key file is not the one that opens this vault")


def create_key_file(path: Path, *, random: RandomBytes) -> None:
    """Write a new root key to ``path``: 32 raw bytes, mode 0600, durable.

    Raises:
        ConflictError: There is a file already; a root key is never overwritten.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError as error:
        raise ConflictError("there is a key file already") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(random(ROOT_BYTES))
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_key_file(path: Path) -> bytes:
    """Return the 32 bytes of a slot; checks the open file, not the name."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            found = os.fstat(file.fileno())
            secret = file.read(ROOT_BYTES + 1)
    except OSError as error:
        raise KeyUnavailableError("the key file cannot be read") from error
    if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o177:
        raise KeyUnavailableError("the key file must be a plain file of mode 0600")
    if found.st_uid != os.geteuid():
        raise KeyUnavailableError("the key file belongs to another user")
    if len(secret) != ROOT_BYTES:
        raise KeyUnavailableError("the key file has not 32 bytes")
    return secret


def _key_id(secret: bytes) -> str:
    """Name a root secret by a keyed hash of it; nothing is learnt from the name."""
    return digest(secret, b"cv1/root-id", "sha256")[:8].hex()


def _root_key(secret: bytes, *, suite: Suite) -> RootKey:
    derived = suite.expand(secret, info=b"cv1/root-key", length=suite.key_bytes)
    return RootKey(derived, suite=suite)
