"""What a witness keeps: its key, the logs that it watches, and what it signed last of each.

Three files in a folder of its own: ``witness.key`` (a signer key of type 04, mode 0600), ``logs``
(a verifier key a line, ``#`` for comments) and ``seen.db`` (SQLite). The last must never be put
back from a backup: a witness that forgets signs two histories.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self

from vault.clock import MS, Clock
from vault.crypto.signing import SignatureType, SignerKey, VerifierKey
from vault.errors import ConflictError, InvalidInputError, StorageError
from vault.ids import RandomBytes
from vault.journal.checkpoints import Checkpoint
from vault.journal.notes import cosignature
from vault.journal.witnessing import Answer, Refusal, judge

KEY: Final = "witness.key"
LOGS: Final = "logs"
SEEN: Final = "seen.db"
LOCK: Final = "witness.lock"

_SEED_BYTES: Final = 32
_PREPARE: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    """
CREATE TABLE IF NOT EXISTS seen (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, signed_at INTEGER NOT NULL
) STRICT
""",
)
_KEEP: Final = (
    "INSERT INTO seen (origin, size, root, signed_at) VALUES (?, ?, ?, ?) ON CONFLICT (origin)"
    " DO UPDATE SET size = excluded.size, root = excluded.root, signed_at = excluded.signed_at"
)


def make_witness(
    folder: Path, *, name: str, logs: Sequence[VerifierKey], random: RandomBytes
) -> VerifierKey:
    """Draw the key of a new witness; return what others verify it by.

    Raises:
        ConflictError: There is a witness in this folder already.
        InvalidInputError: No note can carry the name.
        OSError: The folder cannot be written.
    """
    signer = SignerKey(random(_SEED_BYTES), name=name, algorithm=SignatureType.COSIGNATURE)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _write_new(folder / KEY, f"{signer.encode()}\n")
    except FileExistsError as error:
        raise ConflictError("there is a witness in this folder already") from error
    _write_new(folder / LOGS, "".join(f"{log.encode()}\n" for log in logs))
    return signer.verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a request is answered; ``size`` where the log thought of another one."""

    status: int
    line: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A witness at work. Safe to share between threads; one process has the folder."""

    signer: SignerKey = field(repr=False)
    logs: Mapping[str, Sequence[VerifierKey]]
    clock: Clock
    _database: sqlite3.Connection = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, *, clock: Clock) -> Iterator[Self]:
        """Open the witness in ``folder`` while the block runs.

        Raises:
            StorageError: There is none, or its files cannot be used.
        """
        signer, logs = witness_key(folder), _logs(folder)
        place = folder / SEEN
        with closing(
            sqlite3.connect(place, isolation_level=None, check_same_thread=False, timeout=1)
        ) as database:
            try:
                for statement in _PREPARE:
                    database.execute(statement)
            except sqlite3.Error as error:
                raise StorageError(f"{SEEN} of the witness cannot be used") from error
            yield cls(signer=signer, logs=logs, clock=clock, _database=database)

    def add_checkpoint(self, text: str) -> Reply:
        """Judge what a log asks; store what is good, and sign it once that is durable.

        Raises:
            StorageError: It cannot be stored; nothing was signed.
        """
        with self._lock:
            try:
                return self._judged(text)
            except sqlite3.Error as error:
                raise StorageError("the witness cannot store what it sees") from error
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def _judged(self, text: str) -> Reply:
        self._database.execute("BEGIN IMMEDIATE")
        rows = self._database.execute("SELECT origin, size, root, signed_at FROM seen").fetchall()
        seen = {
            origin: Checkpoint(origin=origin, size=size, root=root)
            for origin, size, root, _ in rows
        }
        judged = judge(text, logs=self.logs, seen=seen)
        if isinstance(judged, Refusal):
            other = judged.answer is Answer.OTHER_SIZE
            return Reply(status=judged.answer, size=judged.size if other else None)
        head = judged.checkpoint
        before = max((at for origin, *_, at in rows if origin == head.origin), default=1)
        time = max(before, self.clock.now_ms() // MS)  # A clock put back makes no older line.
        self._database.execute(_KEEP, (head.origin, head.size, head.root, time))
        self._database.execute("COMMIT")
        line = cosignature(judged.text, signer=self.signer, time=time)
        return Reply(status=HTTPStatus.OK, line=line.to_text())


def witness_key(folder: Path) -> SignerKey:
    """Return the key of the witness in ``folder``.

    Raises:
        StorageError: There is none, or others can read it.
    """
    path = folder / KEY
    try:
        if path.stat().st_mode & 0o077:
            raise StorageError(f"{KEY} can be read by others: chmod 600")
        return SignerKey.parse(path.read_text("ascii").strip())
    except (OSError, UnicodeError, InvalidInputError) as error:
        raise StorageError("there is no witness in this folder: myspace witness init") from error


def _logs(folder: Path) -> dict[str, tuple[VerifierKey, ...]]:
    try:
        lines = [line.strip() for line in (folder / LOGS).read_text("utf-8").splitlines()]
        keys = [VerifierKey.parse(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeError, InvalidInputError) as error:
        raise StorageError("the list of logs of the witness cannot be read") from error
    return {key.name: tuple(k for k in keys if k.name == key.name) for key in keys}


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
