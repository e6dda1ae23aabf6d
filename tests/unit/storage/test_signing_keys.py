"""A signing key whose row was altered behind the journal's back is not used."""

from dataclasses import replace

import pytest

from storage.database import Database
from storage.unit_of_work import reader, worker
from tests.support.crypto import new_keyring
from vault.clients.signing_keys import (
    Drawn,
    SigningAlgorithm,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.errors import IntegrityError

SLOT = Slot(SigningPurpose.JARM, SigningAlgorithm.ES256)


@pytest.mark.parametrize(
    "spoiled",
    [
        "UPDATE signing_key SET remove_at = remove_at + 1",
        "UPDATE signing_key SET purpose = 'id_token'",
        "DELETE FROM signing_key",
        "DELETE FROM signing_key_set",
        "UPDATE signing_key_set SET digest = zeroblob(32)",
    ],
)
def test_rows_that_nobody_vouches_for_are_refused(database: Database, spoiled: str) -> None:
    keyring, _ = new_keyring()
    drawn = Drawn(
        kid="k", slot=SLOT, public_jwk="{}", wrapped=keyring.wrap_private(b"pkcs8", kid="k")
    )
    keys = SigningKeys().introduce(drawn, now=1)
    with worker(database)() as tx:
        tx.system.set_vault_id(keyring.vault_id)
        tx.signing.replace(keys, expected=0)
    with reader(database)() as tx:
        assert tx.signing.all() == replace(keys, version=1)

    with database.engine.begin() as connection:
        connection.exec_driver_sql(spoiled)

    with pytest.raises(IntegrityError), reader(database)() as tx:
        tx.signing.all()
