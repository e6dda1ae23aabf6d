import base64
from typing import Any

import pytest

from tests.support.crypto import VECTORS
from vault.crypto.signing import SignatureType, SignerKey, VerifierKey
from vault.errors import IntegrityError, InvalidInputError

JOURNAL: dict[str, Any] = VECTORS["journal"]
NOTE: dict[str, str] = VECTORS["published"]["signed_note"]
LOG_SEED = bytes.fromhex(JOURNAL["inputs"]["log_ed25519_seed"])
ORIGIN = JOURNAL["inputs"]["origin_text"]


def body_of(key_type: int, key: bytes) -> str:
    return base64.b64encode(bytes([key_type]) + key).decode()


@pytest.mark.parametrize(
    "text", [JOURNAL["log_vkey_text"], JOURNAL["witness_vkey_text"], NOTE["vkey_text"]]
)
def test_a_verifier_key_is_read_and_written(text: str) -> None:
    assert VerifierKey.parse(text).encode() == text


def test_a_key_is_split_at_the_first_two_plus_signs() -> None:
    witness = VerifierKey.parse(JOURNAL["witness_vkey_text"])

    assert JOURNAL["witness_vkey_text"].count("+") > 2
    assert witness == VerifierKey(
        name="witness.example/privacy-office",
        type=SignatureType.COSIGNATURE,
        public_key=SignerKey(
            bytes.fromhex(JOURNAL["inputs"]["witness_ed25519_seed"]), name="w"
        ).verifier.public_key,
    )


def test_a_seed_gives_the_known_verifier_key() -> None:
    signer = SignerKey(LOG_SEED, name=ORIGIN)

    assert signer.verifier.encode() == JOURNAL["log_vkey_text"]


def test_the_published_signature_verifies() -> None:
    key = VerifierKey.parse(NOTE["vkey_text"])
    signature = base64.b64decode(NOTE["signature_line_text"].split()[2])

    key.verify(NOTE["text_text"].encode(), signature=signature[4:])

    assert signature[:4] == key.key_id


def test_a_signature_verifies_only_over_its_message_and_key() -> None:
    signer = SignerKey(LOG_SEED, name=ORIGIN)
    signature = signer.sign(b"three lines\n")
    other = SignerKey(bytes(32), name=ORIGIN)

    signer.verifier.verify(b"three lines\n", signature=signature)
    for verifier, message, shown in (
        (signer.verifier, b"three lines", signature),
        (signer.verifier, b"three lines\n", signature[:-1]),
        (signer.verifier, b"three lines\n", b""),
        (other.verifier, b"three lines\n", signature),
    ):
        with pytest.raises(IntegrityError):
            verifier.verify(message, signature=shown)


@pytest.mark.parametrize("kind", SignatureType)
def test_a_signer_key_is_written_and_read(kind: SignatureType) -> None:
    signer = SignerKey(LOG_SEED, name=ORIGIN, algorithm=kind)

    again = SignerKey.parse(signer.encode())

    assert again.verifier == signer.verifier
    signer.verifier.verify(b"note", signature=again.sign(b"note"))
    assert signer.encode() == (
        f"PRIVATE+KEY+{ORIGIN}+{signer.verifier.key_id.hex()}+{body_of(kind, LOG_SEED)}"
    )


def test_a_seed_of_ml_dsa_44_gives_the_known_key_id() -> None:
    known = JOURNAL["ml_dsa_44"]
    signer = SignerKey(
        bytes.fromhex(known["seed"]), name=ORIGIN, algorithm=SignatureType.ML_DSA_44
    )
    message = bytes.fromhex(known["signed_message"])
    signature = signer.sign(message)

    signer.verifier.verify(message, signature=signature)

    assert signer.verifier.key_id.hex() == known["key_id"]
    assert VerifierKey.parse(signer.verifier.encode()) == signer.verifier
    assert (len(signer.verifier.public_key), len(signature)) == (1312, 2420)
    with pytest.raises(IntegrityError):
        signer.verifier.verify(message + b"\0", signature=signature)
    with pytest.raises(InvalidInputError):
        VerifierKey(name=ORIGIN, type=SignatureType.ML_DSA_44, public_key=bytes(32))


GOOD = VerifierKey.parse(NOTE["vkey_text"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903b+" + body_of(1, GOOD.public_key),
        "example.com/bar+530d903a+" + body_of(1, GOOD.public_key),
        "example.com/foo+530D903A+" + body_of(1, GOOD.public_key),
        "example.com/foo+530d903+" + body_of(1, GOOD.public_key),
        "example.com/foo+530d903a+" + body_of(4, GOOD.public_key),
        "example.com/foo+530d903a+" + body_of(2, GOOD.public_key),
        "example.com/foo+530d903a+" + body_of(1, GOOD.public_key[:-1]),
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+" + body_of(1, GOOD.public_key)[:-1],
        "example.com/foo+530d903a+" + body_of(1, GOOD.public_key) + "\n",
        "example com+530d903a+" + body_of(1, GOOD.public_key),
        "+530d903a+" + body_of(1, GOOD.public_key),
    ],
)
def test_anything_else_is_no_verifier_key(text: str) -> None:
    with pytest.raises(InvalidInputError):
        VerifierKey.parse(text)


def test_base64_has_one_spelling() -> None:
    """33 bytes fill whole groups; the one spare key length shows that slack bits are refused."""
    slack = base64.b64encode(b"\x01" + bytes(33)).decode()[:-3] + "B=="

    with pytest.raises(InvalidInputError):
        VerifierKey.parse("example.com/foo+530d903a+" + slack)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.encode(),
        f"PRIVATE+KEY+{ORIGIN}+00000000+{body_of(1, LOG_SEED)}",
        f"PRIVATE+KEY+{ORIGIN}+f2977f80+{body_of(1, LOG_SEED[:-1])}",
    ],
)
def test_anything_else_is_no_signer_key(text: str) -> None:
    with pytest.raises(InvalidInputError):
        SignerKey.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u3000b", "a\n"])
def test_a_name_that_no_note_can_carry_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        SignerKey(LOG_SEED, name=name)
