from dataclasses import replace
from itertools import product

import pytest

from tests.support.crypto import (
    HOLDER_ID,
    OTHER_HOLDER_ID,
    OTHER_RECORD_ID,
    RECORD_ID,
    VAULT_ID,
    new_keyring,
)
from tests.support.two_keys import two_key_envelope
from vault.crypto import contexts
from vault.crypto.contexts import Purpose
from vault.crypto.keyring import Keyring
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.record_keys import RecordKeyWrap, new_record_key, unwrap_record_keys
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, KeyUnavailableError
from vault.ids import HolderId, RecordId


def wrapped(
    ring: Keyring,
    *,
    holder_id: HolderId = HOLDER_ID,
    record_id: RecordId = RECORD_ID,
    version: int = 7,
    data: WrappedKey | None = None,
) -> tuple[bytes, RecordKeyWrap]:
    data = data or ring.new_holder_keys(holder_id).data
    key, row = new_record_key(ring, data_wrap=data, record_id=record_id, version=version)
    return key.reveal(), RecordKeyWrap(holder_id, record_id, version, row, data)


@pytest.mark.parametrize("suite", Suite)
def test_record_keys_are_unwrapped_in_the_order_asked_for(suite: Suite) -> None:
    ring, _ = new_keyring(suite)
    made = [wrapped(ring, version=v) for v in (1, 2, 3)]

    keys = unwrap_record_keys(ring, wraps=[wrap for _, wrap in made])

    assert [key.reveal() for key in keys] == [secret for secret, _ in made]
    assert {key.suite for key in keys} == {suite}


def test_a_record_key_row_says_whose_it_is() -> None:
    ring, _ = new_keyring()

    _, wrap = wrapped(ring)

    row = wrap.record_key
    assert row == WrappedKey(
        purpose=Purpose.RECORD_KEY,
        owner_id=RECORD_ID,
        name="",
        version=7,
        parent_version=1,
        suite=Suite.AES_256_GCM,
        wrap=row.wrap,
        state=WrapState.LIVE,
    )
    assert len(row.wrap) == 104


def test_no_keys_are_asked_for_and_none_are_given() -> None:
    assert unwrap_record_keys(new_keyring()[0], wraps=[]) == ()


def test_every_splice_of_holder_record_and_version_is_refused() -> None:
    ring, _ = new_keyring()
    data = {h: ring.new_holder_keys(h).data for h in (HOLDER_ID, OTHER_HOLDER_ID)}
    places = list(product(data, (RECORD_ID, OTHER_RECORD_ID), (7, 8)))
    made = {
        (h, r, v): wrapped(ring, holder_id=h, record_id=r, version=v, data=data[h])[1]
        for h, r, v in places
    }
    refused = 0
    for here, there in product(places, repeat=2):
        asked, other = made[here], made[there]
        relabelled = replace(asked.record_key, wrap=other.record_key.wrap)
        for spliced in (
            asked._replace(record_key=other.record_key),
            asked._replace(record_key=relabelled),
            asked._replace(data_key=other.data_key),
            other._replace(holder_id=here[0], record_id=here[1], version=here[2]),
        ):
            if spliced == asked:
                continue
            with pytest.raises(IntegrityError):
                unwrap_record_keys(ring, wraps=[asked, spliced])
            refused += 1

    assert refused == 56 * 3 + 32


def test_a_row_that_says_anything_else_is_refused() -> None:
    ring, _ = new_keyring()
    _, wrap = wrapped(ring)
    row = wrap.record_key
    other = ring.new_holder_keys(HOLDER_ID).data

    for changed in (
        wrap._replace(record_key=replace(row, purpose=Purpose.HOLDER_DATA_KEY)),
        wrap._replace(record_key=replace(row, parent_version=2)),
        wrap._replace(record_key=replace(row, suite=Suite.SM4_GCM)),
        wrap._replace(record_key=replace(row, wrap=row.wrap[:-1])),
        wrap._replace(data_key=other),
        wrap._replace(data_key=replace(wrap.data_key, purpose=Purpose.HOLDER_JOURNAL_KEY)),
        wrap._replace(data_key=replace(wrap.data_key, version=2)),
    ):
        with pytest.raises(IntegrityError):
            unwrap_record_keys(ring, wraps=[changed])


def test_a_vault_key_that_is_gone_makes_record_keys_unavailable() -> None:
    ring, _ = new_keyring()
    _, wrap = wrapped(ring)

    with pytest.raises(KeyUnavailableError):
        unwrap_record_keys(
            ring, wraps=[wrap._replace(data_key=replace(wrap.data_key, parent_version=2))]
        )


def test_every_flipped_byte_of_the_wrap_is_refused() -> None:
    ring, _ = new_keyring()
    _, wrap = wrapped(ring)
    row = wrap.record_key
    for at in range(len(row.wrap)):
        flipped = row.wrap[:at] + bytes([row.wrap[at] ^ 1]) + row.wrap[at + 1 :]

        with pytest.raises(IntegrityError):
            unwrap_record_keys(ring, wraps=[wrap._replace(record_key=replace(row, wrap=flipped))])


def test_a_two_key_wrap_opens_only_under_the_data_key_it_commits_to() -> None:
    ring, _ = new_keyring()
    mine, other = (ring.new_holder_keys(HOLDER_ID).data for _ in range(2))
    context = contexts.record_key(
        suite=ring.suite,
        vault_id=VAULT_ID,
        holder_id=HOLDER_ID,
        data_key_version=1,
        record_id=RECORD_ID,
        version=7,
    )
    forged = two_key_envelope(ring.data_key(mine), ring.data_key(other), context=context)
    _, wrap = wrapped(ring, data=mine)
    wrap = wrap._replace(record_key=replace(wrap.record_key, wrap=forged))

    assert len(unwrap_record_keys(ring, wraps=[wrap])) == 1
    with pytest.raises(IntegrityError):
        unwrap_record_keys(ring, wraps=[wrap._replace(data_key=other)])
