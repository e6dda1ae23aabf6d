import pytest
from cryptography.exceptions import InvalidTag

from tests.support.crypto import VECTORS
from vault.crypto.ciphers import Sm4Gcm, cipher
from vault.crypto.suites import Suite, suite_numbered
from vault.errors import IntegrityError

SM4 = {
    name: bytes.fromhex(VECTORS["published"]["sm4_gcm"][name])
    for name in (
        "key",
        "nonce",
        "aad",
        "plaintext",
        "tag",
    )
}


def test_the_registry_has_two_suites_and_is_closed() -> None:
    assert [(s.value, s.key_bytes, s.aead_name) for s in Suite] == [
        (1, 32, b"AEAD_AES_256_GCM"),
        (2, 16, b"AEAD_SM4_GCM"),
    ]


def test_a_row_can_name_a_suite_of_the_registry() -> None:
    assert suite_numbered(2) is Suite.SM4_GCM


@pytest.mark.parametrize("number", [-1, 0, 3, 0x0101])
def test_a_row_cannot_name_another_suite(number: int) -> None:
    with pytest.raises(IntegrityError):
        suite_numbered(number)


def test_sm4_gcm_gives_the_answer_of_rfc_8998() -> None:
    sealed = Sm4Gcm(SM4["key"]).encrypt(SM4["nonce"], SM4["plaintext"], SM4["aad"])

    assert sealed[-16:] == SM4["tag"]
    assert Sm4Gcm(SM4["key"]).decrypt(SM4["nonce"], sealed, SM4["aad"]) == SM4["plaintext"]


@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize("data", [b"", bytes(15), bytes(16), bytes(40)])
def test_a_cipher_refuses_what_it_did_not_make(suite: Suite, data: bytes) -> None:
    aead = cipher(suite, key=bytes(suite.key_bytes))

    with pytest.raises(InvalidTag):
        aead.decrypt(bytes(12), data, None)
