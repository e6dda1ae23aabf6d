import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.crypto import (
    DEPARTMENT_ID,
    HOLDER_ID,
    OTHER_HOLDER_ID,
    VAULT_ID,
    FixedProvider,
    new_keyring,
)
from tests.support.two_keys import two_key_envelope
from vault.crypto import contexts
from vault.crypto.contexts import Purpose
from vault.crypto.keyring import (
    CHECKPOINT,
    HOLDERS_ACTOR_ID,
    SYSTEM_ACTOR_ID,
    SYSTEM_JOURNAL,
    HolderKeyWraps,
    Keyring,
)
from vault.crypto.keys import (
    HolderJournalKey,
    Key,
    RootKey,
    VaultKey,
    WrappedKey,
    WrapState,
)
from vault.crypto.suites import Suite
from vault.crypto.vault_keys import VaultKeys
from vault.errors import IntegrityError, KeyUnavailableError

AES = Suite.AES_256_GCM
Unwrap = Callable[[Keyring, WrappedKey, HolderKeyWraps], object]

UNWRAPS: dict[str, Unwrap] = {
    "data_key": lambda ring, row, _: ring.data_key(row),
    "journal_key": lambda ring, row, _: ring.journal_key(row),
    "holder_tag_key": lambda ring, row, own: ring.holder_tag_key(row, journal=own.journal),
    "department_tag_key": lambda ring, row, _: ring.department_tag_key(row),
    "service_key": lambda ring, row, _: ring.service_key(row),
    "sealing_key": lambda ring, row, _: ring.sealing_key(row),
    "system_journal_key": lambda ring, row, _: ring.system_journal_key(row),
    "private": lambda ring, row, _: ring.private(row),
    "checkpoint_signer": lambda ring, row, _: ring.checkpoint_signer(row, origin="log"),
}


def every_row(ring: Keyring, rows: tuple[WrappedKey, ...]) -> dict[str, WrappedKey]:
    own = ring.new_holder_keys(HOLDER_ID)
    return {
        "": rows[0],
        "data_key": own.data,
        "journal_key": own.journal,
        "holder_tag_key": own.tag,
        "department_tag_key": ring.new_department_tag_key(DEPARTMENT_ID),
        "service_key": ring.new_service_key("pepper"),
        "sealing_key": ring.new_service_key("seal.outbox"),
        "system_journal_key": rows[1],
        "private": ring.wrap_private(b"pkcs8", kid="thumbprint"),
        "checkpoint_signer": ring.new_service_key(CHECKPOINT),
    }


def wraps_of(found: dict[str, WrappedKey]) -> HolderKeyWraps:
    return HolderKeyWraps(found["data_key"], found["journal_key"], found["holder_tag_key"])


@pytest.mark.parametrize("suite", Suite)
def test_a_new_deployment_gets_its_first_keys(suite: Suite) -> None:
    ring, rows = new_keyring(suite)

    found = [
        (row.purpose, row.owner_id, row.name, row.version, row.parent_version) for row in rows
    ]
    assert found == [
        (Purpose.VAULT_KEY, VAULT_ID, "fixed:00:", 1, 0),
        (Purpose.SERVICE_KEY, VAULT_ID, SYSTEM_JOURNAL, 1, 1),
        (Purpose.DEPARTMENT_TAG_KEY, SYSTEM_ACTOR_ID, "", 1, 1),
        (Purpose.DEPARTMENT_TAG_KEY, HOLDERS_ACTOR_ID, "", 1, 1),
    ]
    assert {(row.suite, row.state) for row in rows} == {(suite, WrapState.LIVE)}
    assert ring.suite is suite


@pytest.mark.parametrize("suite", Suite)
def test_a_keyring_that_is_opened_unwraps_what_the_first_one_wrapped(suite: Suite) -> None:
    ring, rows = new_keyring(suite)
    own = ring.new_holder_keys(HOLDER_ID)
    pepper, outbox = ring.new_service_key("pepper"), ring.new_service_key("seal.outbox")

    again = Keyring.open(
        FixedProvider(), vault_id=VAULT_ID, rows=rows, random=os.urandom, monotonic=lambda: 0.0
    )

    def secrets(one: Keyring) -> list[bytes]:
        keys: list[Key] = [
            one.data_key(own.data),
            one.journal_key(own.journal),
            one.holder_tag_key(own.tag, journal=own.journal),
            one.department_tag_key(rows[2]),
            one.department_tag_key(rows[3]),
            one.service_key(pepper),
            one.sealing_key(outbox),
            one.system_journal_key(rows[1]),
        ]
        return [key.reveal() for key in keys]

    assert secrets(again) == secrets(ring)
    assert len(set(secrets(again))) == 8
    assert again.suite is suite


def test_wraps_have_the_lengths_of_their_suite() -> None:
    lengths = [
        [len(row.wrap) for row in new_keyring(suite)[0].new_holder_keys(HOLDER_ID)]
        for suite in Suite
    ]

    assert lengths == [[104, 104, 104], [88, 88, 104]]


def test_a_checkpoint_signer_is_the_same_after_opening() -> None:
    ring, _ = new_keyring(Suite.SM4_GCM)
    row = ring.new_service_key(CHECKPOINT, version=2)

    first = ring.checkpoint_signer(row, origin="vault.example/log/2026")
    ring.forget(VAULT_ID)
    second = ring.checkpoint_signer(row, origin="vault.example/log/2026")

    assert row.version == 2
    assert first.verifier == second.verifier


def test_every_wrap_opens_as_what_it_is_and_as_nothing_else() -> None:
    ring, rows = new_keyring()
    found = every_row(ring, rows)

    opened = set()
    for row_name, row in found.items():
        for name, unwrap in UNWRAPS.items():
            try:
                unwrap(ring, row, wraps_of(found))
            except IntegrityError:
                continue
            opened.add((row_name, name))

    assert opened == {(name, name) for name in UNWRAPS}


@pytest.mark.parametrize("purpose", Purpose)
def test_no_wrap_opens_under_another_purpose(purpose: Purpose) -> None:
    ring, rows = new_keyring()
    found = every_row(ring, rows)

    for row_name, row in found.items():
        for name in ("pepper", "seal.outbox", SYSTEM_JOURNAL, CHECKPOINT, "", row.name):
            moved = replace(row, purpose=purpose, name=name)
            if moved == row:
                continue
            for unwrap in UNWRAPS.values():
                with pytest.raises((IntegrityError, KeyUnavailableError)):
                    unwrap(ring, moved, wraps_of(found))
        assert row_name in found


def test_every_flipped_byte_of_every_wrap_is_refused() -> None:
    ring, rows = new_keyring()
    found = every_row(ring, rows)
    for name, unwrap in UNWRAPS.items():
        row = found[name]
        for at in range(len(row.wrap)):
            flipped = row.wrap[:at] + bytes([row.wrap[at] ^ 0x80]) + row.wrap[at + 1 :]

            with pytest.raises(IntegrityError):
                unwrap(ring, replace(row, wrap=flipped), wraps_of(found))


@pytest.mark.parametrize("name", UNWRAPS)
def test_a_row_that_says_anything_else_is_refused(name: str) -> None:
    ring, rows = new_keyring()
    found = every_row(ring, rows)
    row = found[name]
    changes = [
        replace(row, owner_id=OTHER_HOLDER_ID),
        replace(row, version=2),
        replace(row, parent_version=2),
        replace(row, suite=Suite.SM4_GCM),
        replace(row, wrap=b""),
        replace(row, wrap=found["" if name != "" else "data_key"].wrap),
    ]
    if name in {"holder_tag_key", "private"}:  # Their contexts have no version: it is always 1.
        changes.pop(1)
    if name in {
        *("service_key", "sealing_key", "system_journal_key", "checkpoint_signer", "private"),
    }:
        changes.pop(0)  # Owned by the vault, whose id is in every context anyway.

    for changed in changes:
        with pytest.raises((IntegrityError, KeyUnavailableError)):
            UNWRAPS[name](ring, changed, wraps_of(found))


def test_an_unknown_suite_in_a_row_is_refused() -> None:
    ring, _ = new_keyring()
    unknown: Suite = 3  # type: ignore[assignment]  # As a row might have it.

    with pytest.raises(IntegrityError):
        ring.data_key(replace(ring.new_holder_keys(HOLDER_ID).data, suite=unknown))


def test_the_keys_of_another_holder_do_not_open_in_ones_place() -> None:
    ring, _ = new_keyring()
    mine, other = ring.new_holder_keys(HOLDER_ID), ring.new_holder_keys(OTHER_HOLDER_ID)

    with pytest.raises(IntegrityError):
        ring.data_key(replace(mine.data, wrap=other.data.wrap))
    with pytest.raises(IntegrityError):
        ring.holder_tag_key(replace(mine.tag, wrap=other.tag.wrap), journal=mine.journal)
    with pytest.raises(IntegrityError):
        ring.holder_tag_key(mine.tag, journal=other.journal)
    with pytest.raises(IntegrityError):
        ring.holder_tag_key(mine.tag, journal=replace(mine.journal, version=2))


def test_a_vault_key_that_is_gone_makes_its_keys_unavailable() -> None:
    ring, _ = new_keyring()
    row = replace(ring.new_holder_keys(HOLDER_ID).data, parent_version=9)

    with pytest.raises(KeyUnavailableError):
        ring.data_key(row)


def test_unwrapped_keys_are_kept_until_they_are_forgotten_or_old() -> None:
    now = [0.0]
    ring, _ = new_keyring(monotonic=lambda: now[0])
    own = ring.new_holder_keys(HOLDER_ID)

    first = ring.data_key(own.data)
    kept = ring.data_key(own.data)
    ring.forget(HOLDER_ID)
    second = ring.data_key(own.data)
    now[0] = 60.0
    ring.sweep()
    third = ring.data_key(own.data)

    assert kept is first
    assert len({id(first), id(second), id(third)}) == 3
    assert first.reveal() == second.reveal() == third.reveal()


def opening(rows: list[WrappedKey], *, vault_id: bytes = VAULT_ID) -> VaultKeys:
    return VaultKeys.open(FixedProvider(), vault_id=vault_id, rows=rows, random=os.urandom)


def test_without_a_vault_key_there_is_no_keyring() -> None:
    _, rows = new_keyring()

    with pytest.raises(KeyUnavailableError):
        opening(list(rows[1:]))


def test_a_vault_key_of_another_vault_is_refused() -> None:
    _, rows = new_keyring()

    with pytest.raises(IntegrityError):
        opening(list(rows), vault_id=bytes(16))
    with pytest.raises(IntegrityError):
        opening([replace(rows[0], owner_id=bytes(16))], vault_id=bytes(16))


def test_exactly_one_vault_key_is_live() -> None:
    _, rows = new_keyring()
    retired = replace(rows[0], state=WrapState.RETIRED)

    for wrong in ([retired], [rows[0], replace(rows[0], version=2)]):
        with pytest.raises(IntegrityError):
            opening(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "fixed:00"},
        {"name": "fixed:00::"},
        {"name": "fixed:01:"},
        {"name": "other:00:"},
        {"name": "fixed:00:n=1"},
        {"version": 2},
        {"suite": Suite.SM4_GCM},
        {"wrap": b""},
    ],
)
def test_a_vault_key_row_that_says_anything_else_is_refused(change: dict[str, object]) -> None:
    _, rows = new_keyring()

    with pytest.raises(IntegrityError):
        opening([replace(rows[0], **change)])  # type: ignore[arg-type]  # Fields by name.


def test_an_older_vault_key_still_opens_what_it_wrapped() -> None:
    """A second version, as a rotation leaves it: the old one opens, the new one wraps."""
    secrets = {1: os.urandom(32), 2: os.urandom(16)}
    old = VaultKeys(
        {1: VaultKey(secrets[1], suite=AES)}, live=1, vault_id=VAULT_ID, random=os.urandom
    )
    both = VaultKeys(
        {1: VaultKey(secrets[1], suite=AES), 2: VaultKey(secrets[2], suite=Suite.SM4_GCM)},
        live=2,
        vault_id=VAULT_ID,
        random=os.urandom,
    )
    row = old.wrap(Purpose.SERVICE_KEY, secret=b"pepper", owner_id=VAULT_ID, name="p", version=1)

    new = both.wrap(Purpose.SERVICE_KEY, secret=b"pepper", owner_id=VAULT_ID, name="p", version=2)

    assert both.unwrap(row) == both.unwrap(new) == b"pepper"
    assert (new.parent_version, new.suite) == (2, Suite.SM4_GCM)
    with pytest.raises(KeyUnavailableError):
        old.unwrap(new)


def test_a_vault_key_wraps_only_its_own_children() -> None:
    keys = VaultKeys(
        {1: VaultKey(bytes(32), suite=AES)}, live=1, vault_id=VAULT_ID, random=os.urandom
    )

    with pytest.raises(IntegrityError):
        keys.wrap(Purpose.RECORD_KEY, secret=bytes(32), owner_id=HOLDER_ID, version=1)


def recorded() -> tuple[Keyring, tuple[WrappedKey, ...], list[bytes]]:
    """Return a keyring, its rows, and every random value it drew, the vault key first."""
    drawn: list[bytes] = []

    def draw(length: int) -> bytes:
        drawn.append(os.urandom(length))
        return drawn[-1]

    return *new_keyring(random=draw), drawn


def test_a_two_key_wrap_opens_only_under_the_vault_key_it_commits_to() -> None:
    (first, _, one), (second, _, two) = recorded(), recorded()
    context = contexts.holder_data_key(
        suite=AES, vault_id=VAULT_ID, holder_id=HOLDER_ID, version=1, vault_key_version=1
    )
    wrap = two_key_envelope(
        VaultKey(one[0], suite=AES), VaultKey(two[0], suite=AES), context=context
    )
    row = replace(first.new_holder_keys(HOLDER_ID).data, wrap=wrap)

    assert len(first.data_key(row).reveal()) == 32
    with pytest.raises(IntegrityError):
        second.data_key(row)


def test_a_two_key_wrap_opens_only_under_the_journal_key_it_commits_to() -> None:
    ring, _ = new_keyring()
    mine, other = ring.new_holder_keys(HOLDER_ID), ring.new_holder_keys(HOLDER_ID)
    context = contexts.holder_tag_key(
        suite=AES, vault_id=VAULT_ID, holder_id=HOLDER_ID, journal_key_version=1
    )
    keys = [
        HolderJournalKey(ring.journal_key(own.journal).reveal(), suite=AES)
        for own in (mine, other)
    ]
    row = replace(mine.tag, wrap=two_key_envelope(keys[0], keys[1], context=context))

    assert len(ring.holder_tag_key(row, journal=mine.journal).reveal()) == 32
    ring.forget(HOLDER_ID)
    with pytest.raises(IntegrityError):
        ring.holder_tag_key(row, journal=other.journal)


def test_a_two_key_wrap_opens_only_under_the_root_key_it_commits_to() -> None:
    _, rows = new_keyring()
    first, second = bytes(range(32)), bytes(32)
    context = contexts.vault_key(
        suite=AES,
        vault_id=VAULT_ID,
        version=1,
        provider_kind="fixed",
        provider_key_id="00",
        provider_parameters="",
    )
    wrap = two_key_envelope(RootKey(first, suite=AES), RootKey(second, suite=AES), context=context)
    row = replace(rows[0], wrap=wrap)

    opened = opening([row])

    assert opened.suite is AES
    with pytest.raises(IntegrityError):
        VaultKeys.open(FixedProvider(second), vault_id=VAULT_ID, rows=[row], random=os.urandom)
