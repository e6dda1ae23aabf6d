import os
import zlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.crypto import fixed
from vault.crypto.keys import ServiceKey
from vault.crypto.suites import Suite
from vault.crypto.tokens import mint, token_hash, well_formed

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def number_of(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 62 + ALPHABET.index(digit)
    return value


def test_a_token_is_prefix_secret_and_checksum() -> None:
    token = mint("vat_", random=fixed(bytes(range(32))))

    body, checksum = token[:-6], token[-6:]
    assert body == "vat_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert number_of(checksum) == zlib.crc32(body.encode())


def test_a_checksum_has_leading_zeros() -> None:
    dice = iter(n.to_bytes(32, "big") for n in range(1000))

    tokens = [mint("vat_", random=lambda _: next(dice)) for _ in range(1000)]

    assert {len(token) for token in tokens} == {53}
    assert all(number_of(t[-6:]) == zlib.crc32(t[:-6].encode()) for t in tokens)


@given(secret=st.binary(min_size=32, max_size=32))
def test_every_minted_token_is_well_formed(secret: bytes) -> None:
    token = mint("vrt_", random=fixed(secret))

    assert well_formed(token, prefix="vrt_")
    assert not well_formed(token, prefix="vat_")


@given(at=st.integers(0, 52), other=st.sampled_from(ALPHABET + "-_ é"))
def test_every_changed_character_is_noticed(at: int, other: str) -> None:
    token = mint("vat_", random=fixed(bytes(32)))
    changed = token[:at] + other + token[at + 1 :]

    assert well_formed(changed, prefix="vat_") == (changed == token)


@pytest.mark.parametrize("change", ["", "\n", " ", "0", "="])
def test_a_token_of_another_length_is_refused(change: str) -> None:
    token = mint("vat_", random=os.urandom)

    assert not well_formed(token[:-1], prefix="vat_")
    assert well_formed(token + change, prefix="vat_") == (change == "")


@pytest.mark.parametrize("prefix", ["", "vat", "VAT_", "va_", "vatx_", "vat_\n", "v1t_"])
def test_only_a_prefix_of_three_letters_is_minted(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        mint(prefix, random=os.urandom)


def test_a_token_is_stored_as_a_keyed_hash_of_the_whole() -> None:
    pepper = ServiceKey(bytes(32), suite=Suite.AES_256_GCM)
    token = mint("vat_", random=os.urandom)

    assert token_hash(token, pepper=pepper) == pepper.hmac(token.encode())
    assert token_hash(token, pepper=pepper) != token_hash(token[4:], pepper=pepper)
