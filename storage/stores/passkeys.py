"""Passkeys, how they were used, and challenges that wait for an answer."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import at_version, but_key, keyed, replace_row
from storage.stores.vouching import vouched
from storage.tables.columns import table_of
from storage.tables.passkeys import ChallengeRow, PasskeyRow, PasskeyUseRow
from vault.ids import EntryId, HolderId, Space
from vault.passkeys import Ceremony, Challenge, Passkey, PasskeyId, PasskeyStatus, PasskeyUse

_PASSKEY: Final = table_of(PasskeyRow)
_GUARDED: Final = GUARDED[_PASSKEY.name]
_USE: Final = table_of(PasskeyUseRow)
_CHALLENGE: Final = table_of(ChallengeRow)
_KEY: Final = ("log_id", "holder_id", "passkey_id")

_GET: Final = Prepared(select(_PASSKEY).where(keyed(_PASSKEY, *_KEY)))
_FIND: Final = Prepared(select(_PASSKEY).where(keyed(_PASSKEY, "credential_hash")))
_OF_HOLDER: Final = Prepared(
    select(_PASSKEY)
    .where(keyed(_PASSKEY, "log_id", "holder_id"))
    .order_by(_PASSKEY.c.created_at_ms, _PASSKEY.c.passkey_id)
)
_ADD: Final = Prepared(insert(_PASSKEY))
_REPLACE: Final = Prepared(
    update(_PASSKEY).where(at_version(_PASSKEY, *_KEY)).values(**but_key(_PASSKEY))
)

_ADD_USE: Final = Prepared(insert(_USE))
_GET_USE: Final = Prepared(select(_USE).where(keyed(_USE, "credential_hash")))
_USE_IT: Final = Prepared(
    update(_USE)
    .where(keyed(_USE, "credential_hash"), _USE.c.sign_count == bindparam("seen"))
    .values(
        sign_count=bindparam("counted"),
        backed_up=bindparam("copied"),
        last_used_at=bindparam("at"),
    )
)
_DROP_USE: Final = Prepared(delete(_USE).where(keyed(_USE, "credential_hash")))

_CHALLENGED: Final = Prepared(insert(_CHALLENGE))
_SPEND: Final = Prepared(
    delete(_CHALLENGE).where(
        keyed(_CHALLENGE, "challenge_hash", "bound_hash", "ceremony"),
        _CHALLENGE.c.expires_at > bindparam("now"),
    )
)


class SqlPasskeys:
    """Implements ``vault.ports.Passkeys``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, space: Space, *, passkey_id: PasskeyId) -> Passkey | None:
        """Return a passkey of a holder."""
        row = _GET.one(self._driver, **space._asdict(), passkey_id=passkey_id)
        return None if row is None else self._read(row)

    def find(self, credential_hash: bytes) -> Passkey | None:
        """Return a passkey by its credential alone, whoever's it is."""
        row = _FIND.one(self._driver, credential_hash=credential_hash)
        if row is None:
            return None
        found = self._read(row)
        vouched(self._driver, _GUARDED, row)  # A sign-in is no entry: nobody looks again.
        return found

    def of_holder(self, space: Space) -> tuple[Passkey, ...]:
        """Return the passkeys of a holder, the oldest first."""
        return tuple(map(self._read, _OF_HOLDER.all(self._driver, **space._asdict())))

    def add(self, passkey: Passkey) -> None:
        """Write a new passkey."""
        _ADD.change(self._driver, **self._sealed(passkey))

    def replace(self, passkey: Passkey, *, expected: int) -> None:
        """Write the version of a passkey that follows ``expected``."""
        replace_row(_REPLACE, self._driver, row=self._sealed(passkey), expected=expected)

    def _read(self, row: Row) -> Passkey:
        return _passkey(self._driver.guard.checked(_GUARDED, row))

    def _sealed(self, passkey: Passkey) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _row(passkey))


class SqlPasskeyUses:
    """The part of ``vault.ports.ProtocolRows`` about passkeys."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def add_passkey_use(self, use: PasskeyUse) -> None:
        """Write how a passkey was used so far."""
        _ADD_USE.change(
            self._driver,
            credential_hash=use.credential_hash,
            **use.space._asdict(),
            sign_count=use.sign_count,
            backed_up=int(use.backed_up),
            last_used_at=use.last_used_at,
        )

    def passkey_use(self, credential_hash: bytes) -> PasskeyUse | None:
        """Return how an active passkey was used."""
        row = _GET_USE.one(self._driver, credential_hash=credential_hash)
        return None if row is None else _use(row)

    def use_passkey(
        self, credential_hash: bytes, *, seen: int, sign_count: int, backed_up: bool, now: int
    ) -> bool:
        """Count a use in one statement (see the port)."""
        changed = _USE_IT.change(
            self._driver,
            credential_hash=credential_hash,
            seen=seen,
            counted=sign_count,
            copied=int(backed_up),
            at=now,
        )
        return changed == 1

    def drop_passkey_use(self, credential_hash: bytes) -> None:
        """Let a passkey be used no more."""
        _DROP_USE.change(self._driver, credential_hash=credential_hash)

    def add_challenge(self, challenge: Challenge) -> None:
        """Write a challenge."""
        _CHALLENGED.change(
            self._driver,
            challenge_hash=challenge.challenge_hash,
            bound_hash=challenge.bound_hash,
            ceremony=challenge.ceremony.value,
            expires_at=challenge.expires_at,
        )

    def spend_challenge(
        self, challenge_hash: bytes, *, bound_hash: bytes, ceremony: Ceremony, now: int
    ) -> bool:
        """Delete a challenge; say whether it was there, live and for this."""
        spent = _SPEND.change(
            self._driver,
            challenge_hash=challenge_hash,
            bound_hash=bound_hash,
            ceremony=ceremony.value,
            now=now,
        )
        return spent == 1


def _row(passkey: Passkey) -> dict[str, object]:
    return {
        **passkey.space._asdict(),
        "passkey_id": passkey.passkey_id,
        "credential_hash": passkey.credential_hash,
        "credential_id": passkey.credential_id,
        "public_key": passkey.public_key,
        "status": passkey.status.value,
        "version": passkey.version,
        "device_bound": int(passkey.device_bound),
        "attested": int(passkey.attested),
        "attestation": passkey.attestation,
        "aaguid": passkey.aaguid,
        "name": passkey.name,
        "created_at_ms": passkey.created_at_ms,
        "ended_at_ms": passkey.ended_at_ms,
        "state_entry": passkey.state_entry,
    }


def _passkey(row: Row) -> Passkey:
    log_id, holder_id, passkey_id, _, credential_id, public_key, status, version, *rest = row
    device_bound, attested, attestation, aaguid, name, *times, state_entry = rest
    return Passkey(
        space=Space(log_id, HolderId(holder_id)),
        passkey_id=PasskeyId(passkey_id),
        credential_id=credential_id,
        public_key=public_key,
        status=PasskeyStatus(status),
        version=version,
        device_bound=bool(device_bound),
        attested=bool(attested),
        attestation=attestation,
        aaguid=aaguid,
        name=name,
        created_at_ms=times[0],
        ended_at_ms=times[1],
        state_entry=EntryId(state_entry),
    )


def _use(row: Row) -> PasskeyUse:
    credential_hash, log_id, holder_id, sign_count, backed_up, last_used_at = row
    return PasskeyUse(
        credential_hash=credential_hash,
        space=Space(log_id, HolderId(holder_id)),
        sign_count=sign_count,
        backed_up=bool(backed_up),
        last_used_at=last_used_at,
    )
