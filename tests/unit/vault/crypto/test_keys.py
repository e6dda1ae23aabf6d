import copy
import hashlib
import hmac
import pickle

import pytest

from vault.crypto.contexts import Purpose
from vault.crypto.keys import (
    DepartmentTagKey,
    EntryKey,
    HolderDataKey,
    HolderJournalKey,
    HolderTagKey,
    Key,
    MacKey,
    RecordKey,
    RootKey,
    SealingKey,
    ServiceKey,
    SigningSeed,
    SystemJournalKey,
    VaultKey,
    WrappedKey,
    WrapState,
)
from vault.crypto.signing import SignerKey
from vault.crypto.suites import Suite
from vault.errors import IntegrityError

MACS: tuple[type[MacKey], ...] = (HolderTagKey, DepartmentTagKey, ServiceKey)
SEALERS: tuple[type[Key], ...] = (
    RootKey,
    VaultKey,
    HolderDataKey,
    RecordKey,
    HolderJournalKey,
    SystemJournalKey,
    EntryKey,
    SealingKey,
)
ALL: tuple[type[Key], ...] = (*MACS, *SEALERS, SigningSeed)
SECRET = b"a canary of exactly 32 bytes ..."


@pytest.mark.parametrize("kind", ALL)
def test_a_key_shows_nothing_of_itself(kind: type[Key]) -> None:
    key = kind(SECRET, suite=Suite.AES_256_GCM)

    shown = f"{key!r} {key} {[key]}"

    assert shown == f"<{kind.__name__}> <{kind.__name__}> [<{kind.__name__}>]"


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("take_along", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_cannot_be_pickled_or_copied(kind: type[Key], take_along: object) -> None:
    key = kind(SECRET, suite=Suite.AES_256_GCM)

    assert callable(take_along)
    with pytest.raises(TypeError, match="does not leave its process"):
        take_along(key)


@pytest.mark.parametrize("kind", ALL)
def test_a_key_equals_neither_bytes_nor_another_key(kind: type[Key]) -> None:
    key = kind(SECRET, suite=Suite.AES_256_GCM)

    secret: object = SECRET
    assert key != secret
    assert key != kind(SECRET, suite=Suite.AES_256_GCM)
    assert key.reveal() == SECRET


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_key_of_another_length_is_refused(kind: type[Key], suite: Suite, off: int) -> None:
    with pytest.raises(IntegrityError):
        kind(bytes(kind.length(suite) + off), suite=suite)


def test_sealing_keys_have_the_length_of_their_suite_and_the_others_have_32_bytes() -> None:
    lengths = {kind: [kind.length(suite) for suite in Suite] for kind in ALL}

    assert lengths == {kind: [32, 16] if kind in SEALERS else [32, 32] for kind in ALL}


def test_every_purpose_is_sealed_by_one_kind_of_key() -> None:
    sealed_by = {purpose: {kind for kind in ALL if purpose in kind.seals} for purpose in Purpose}

    journal = {HolderJournalKey, SystemJournalKey}
    assert sealed_by.pop(Purpose.DECISION_INPUTS) == journal
    assert all(len(kinds) == 1 for kinds in sealed_by.values())


@pytest.mark.parametrize("kind", MACS)
def test_a_keyed_hash_is_hmac_sha_256(kind: type[MacKey]) -> None:
    found = kind(SECRET, suite=Suite.AES_256_GCM).hmac(b"message")

    assert found == hmac.new(SECRET, b"message", hashlib.sha256).digest()


def test_a_signer_shows_nothing_of_itself_and_stays() -> None:
    signer = SignerKey(SECRET, name="vault.example/log")

    assert repr(signer) == "<SignerKey vault.example/log>"
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_a_wrapped_key_does_not_show_its_wrap() -> None:
    row = WrappedKey(
        purpose=Purpose.SERVICE_KEY,
        owner_id=bytes(16),
        name="pepper",
        version=1,
        parent_version=1,
        suite=Suite.AES_256_GCM,
        wrap=SECRET,
        state=WrapState.LIVE,
    )

    assert "canary" not in repr(row)
