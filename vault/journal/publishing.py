"""A signed head as it is shown: the second line, ML-DSA-44, is added here, outside the lock.

What the transaction signed is the head; this line says the same once more, in an algorithm that
quantum computers are not known to break (FIPS 204). It holds a time, so that each process signs
for itself, and keeps its answer until the head moves on.
"""

import threading
from collections.abc import Iterable

from vault.clock import MS, Clock
from vault.crypto.signing import SignerKey
from vault.journal.notes import add_signature, cosignature, parse_note


class SecondLines:
    """Adds the second line to the heads of all logs. Safe to share between threads."""

    def __init__(self, signers: Iterable[SignerKey], *, clock: Clock) -> None:
        """Take a key of type 06 for each log, under the name of the log."""
        self._signers = {signer.verifier.name: signer for signer in signers}
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, str]] = {}

    def added(self, note: str) -> str:
        """Return ``note``, which the log itself has just signed, with its second line.

        Raises:
            IntegrityError: It is no checkpoint.
            KeyError: It is of another deployment's log.
        """
        text = parse_note(note).text
        origin = text.partition("\n")[0]
        signer = self._signers[origin]
        with self._lock:
            kept = self._kept.get(origin)
            if kept is None or kept[0] != note:
                time = self._clock.now_ms() // MS
                kept = (
                    note,
                    add_signature(note, line=cosignature(text, signer=signer, time=time)),
                )
                self._kept[origin] = kept
            return kept[1]
