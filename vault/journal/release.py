"""The one door to record keys for what was decided: takes a committed entry, gives its keys.

A later key service can stand in its place: bytes in, keys out, no database objects.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from vault.crypto.keyring import Keyring
from vault.crypto.keys import RecordKey
from vault.crypto.record_keys import RecordKeyWrap, unwrap_record_keys
from vault.errors import KeyUnavailableError, NotWitnessedError
from vault.journal.operations import Committed
from vault.records import VersionRef

LONGEST_SECONDS: Final = 30.0


def release(
    committed: Committed,
    *,
    keyring: Keyring,
    monotonic: Callable[[], float] = time.monotonic,
) -> Mapping[VersionRef, RecordKey]:
    """Return exactly the record keys that the committed entry names.

    Works once for each committed entry, and only soon after its commit: a value that is kept
    opens nothing.

    Raises:
        NotWitnessedError: It waits for witnesses.
        KeyUnavailableError: It was used before, or is older than 30 seconds.
        IntegrityError: A wrapped key is another's; no key at all is returned.
    """
    if committed.needs_witness:
        raise NotWitnessedError("too few witnesses have signed")
    if not committed.once.acquire(blocking=False):
        raise KeyUnavailableError("these keys were handed out already")
    if monotonic() - committed.committed_at > LONGEST_SECONDS:
        raise KeyUnavailableError("the entry is too old to release by")
    wraps = [
        RecordKeyWrap(
            holder_id=wrap.ref.space.holder_id,
            record_id=wrap.ref.record_id,
            version=wrap.ref.version,
            record_key=wrap.record_key,
            data_key=wrap.data_key,
        )
        for wrap in committed.wraps
    ]
    keys = unwrap_record_keys(keyring, wraps=wraps)
    return {wrap.ref: key for wrap, key in zip(committed.wraps, keys, strict=True)}
