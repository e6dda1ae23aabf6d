"""What the operator does about the keys that sign JWTs; plain JSON in and plain JSON out."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from scripts.operator_socket import Plain, Verb
from vault.clients.signing_keys import OpeningPurpose, SigningPurpose, Slot
from vault.clock import MS
from vault.errors import InvalidInputError
from vault.services import Vault
from vault.services.signing_keys import rotate_signing_keys, withdraw_signing_key

LIST: Final = "keys.list"
ROTATE: Final = "keys.rotate"
WITHDRAW: Final = "keys.withdraw"
SIGNING_VERBS: Final = (LIST, ROTATE, WITHDRAW)


def listed(vault: Vault, _arguments: Plain) -> Plain:
    """Return the keys that are not removed, by purpose: ids, states and times, nothing secret."""
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        keys = tx.signing.all()
    return {
        "keys": [
            {
                "kid": key.kid,
                "purpose": key.slot.purpose.value,
                "alg": key.slot.algorithm.value,
                "state": keys.state(key, now=now).value,
                "activate_at": key.activate_at,
                "retire_at": key.retire_at,
                "remove_at": key.remove_at,
            }
            for key in sorted(keys.published(now=now), key=lambda key: (key.slot, key.activate_at))
        ]
    }


def rotated(vault: Vault, arguments: Plain) -> Plain:
    """Publish successors of the keys for one ``purpose``, or for all; return the entry's index.

    Raises:
        InvalidInputError: There is no such purpose.
        ConflictError: A successor is published already.
    """
    purpose = arguments.get("purpose")
    if purpose is not None and purpose not in {*SigningPurpose, *OpeningPurpose}:
        raise InvalidInputError("there is no such purpose", field="purpose")
    with vault.read() as tx:
        keys = tx.signing.all()
    slots: set[Slot] = {key.slot for key in keys.keys if purpose in {None, key.slot.purpose}}
    return {"index": rotate_signing_keys(vault, sorted(slots)).index}


def withdrawn(vault: Vault, arguments: Plain) -> Plain:
    """Remove the key ``kid`` at once; return ``kid`` and the entry's index.

    Raises:
        NotFoundError: No such key is published.
    """
    kid = arguments.get("kid")
    if not isinstance(kid, str):
        raise InvalidInputError("the verb needs kid", field="kid")
    return {"kid": kid, "index": withdraw_signing_key(vault, kid).index}


def signing_verbs(vault: Vault) -> Mapping[str, Verb]:
    """Return the verbs about signing keys over an open vault."""
    return {
        LIST: partial(listed, vault),
        ROTATE: partial(rotated, vault),
        WITHDRAW: partial(withdrawn, vault),
    }
