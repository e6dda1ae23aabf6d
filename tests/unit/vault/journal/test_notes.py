import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.crypto.signing import SignatureType, SignerKey, VerifierKey
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.notes import (
    MAX_NOTE_CHARACTERS,
    Note,
    SignatureLine,
    VerifiedNote,
    add_signature,
    cosignature,
    parse_note,
    sign_note,
    verify_note,
)

VECTORS = json.loads(Path("tests/vectors/crypto_vectors.json").read_text())
EXAMPLE = VECTORS["published"]["signed_note"]
JOURNAL = VECTORS["journal"]
LOG = SignerKey(b"\x01" * 32, name="log.example")
OTHER = SignerKey(b"\x02" * 32, name="log.example")
WITNESS = SignerKey(b"\x03" * 32, name="witness.example", algorithm=SignatureType.COSIGNATURE)
SECOND = SignerKey(
    bytes.fromhex(JOURNAL["ml_dsa_44"]["seed"]),
    name=JOURNAL["inputs"]["origin_text"],
    algorithm=SignatureType.ML_DSA_44,
)
CONTROLS = "".join(map(chr, range(32)))
TEXT = "one\n\nthree\n"


def test_the_published_example_verifies() -> None:
    key = VerifierKey.parse(EXAMPLE["vkey_text"])

    note = verify_note(f"{EXAMPLE['text_text']}\n{EXAMPLE['signature_line_text']}", keys=[key])

    assert note == VerifiedNote(EXAMPLE["text_text"], (key,))


def test_our_signer_and_witness_make_the_checkpoint_of_the_vectors() -> None:
    inputs = JOURNAL["inputs"]
    log = SignerKey(bytes.fromhex(inputs["log_ed25519_seed"]), name=inputs["origin_text"])
    witness = SignerKey(
        bytes.fromhex(inputs["witness_ed25519_seed"]),
        name=inputs["witness_name_text"],
        algorithm=SignatureType.COSIGNATURE,
    )
    text = JOURNAL["checkpoint_text"].split("\n\n")[0] + "\n"

    note = add_signature(
        sign_note(text, signer=log),
        line=cosignature(text, signer=witness, time=inputs["witness_time"]),
    )

    assert note == JOURNAL["checkpoint_text"]
    assert [log.verifier.encode(), witness.verifier.encode()] == [
        JOURNAL["log_vkey_text"],
        JOURNAL["witness_vkey_text"],
    ]
    assert verify_note(note, keys=[witness.verifier, log.verifier]) == VerifiedNote(
        text, (log.verifier, witness.verifier)
    )


def test_the_second_line_signs_the_message_of_the_vectors() -> None:
    inputs, known = JOURNAL["inputs"], JOURNAL["ml_dsa_44"]
    text = JOURNAL["checkpoint_text"].split("\n\n")[0] + "\n"

    line = cosignature(text, signer=SECOND, time=inputs["witness_time"])

    SECOND.verifier.verify(bytes.fromhex(known["signed_message"]), signature=line.signature[8:])
    assert (line.name, line.key_id.hex()) == (inputs["origin_text"], known["key_id"])
    assert len(line.to_text().encode()) == 3272
    note = add_signature(JOURNAL["checkpoint_text"], line=line)
    assert verify_note(note, keys=[SECOND.verifier]) == VerifiedNote(text, (SECOND.verifier,))


def test_the_second_line_is_of_its_text_and_time_alone() -> None:
    text = JOURNAL["checkpoint_text"].split("\n\n")[0] + "\n"
    line = cosignature(text, signer=SECOND, time=7)
    later = line._replace(signature=(8).to_bytes(8, "big") + line.signature[8:])

    for note in (
        add_signature(sign_note(text, signer=LOG), line=later),
        add_signature(sign_note(text.replace("\n5\n", "\n6\n"), signer=LOG), line=line),
        add_signature(sign_note(TEXT, signer=LOG), line=line),
        add_signature(sign_note(f"{text}extension\n", signer=LOG), line=line),
    ):
        with pytest.raises(IntegrityError):
            verify_note(note, keys=[SECOND.verifier])


@pytest.mark.parametrize("origin", ["", "o" * 256])
def test_the_second_line_has_room_for_a_name_of_255_bytes(origin: str) -> None:
    text = f"{origin}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

    with pytest.raises(IntegrityError):
        cosignature(text, signer=SECOND, time=7)


@settings(max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS)))
def test_every_text_is_read_back_as_it_was_signed(text: str) -> None:
    note = sign_note(f"{text}\n", signer=LOG)

    assert verify_note(note, keys=[LOG.verifier]).text == f"{text}\n"


def test_the_text_ends_at_the_last_blank_line() -> None:
    note = sign_note(TEXT, signer=LOG)

    assert parse_note(note) == Note(
        TEXT,
        (SignatureLine("log.example", LOG.verifier.key_id, LOG.sign(TEXT.encode())),),
    )


def test_lines_of_unknown_keys_are_skipped() -> None:
    unknown = SignatureLine("log.example", OTHER.verifier.key_id, b"anything")
    note = add_signature(sign_note(TEXT, signer=LOG), line=unknown)

    assert verify_note(note, keys=[LOG.verifier]) == VerifiedNote(TEXT, (LOG.verifier,))
    with pytest.raises(IntegrityError):
        verify_note(note, keys=[WITNESS.verifier])


@pytest.mark.parametrize(
    "line",
    [
        SignatureLine("log.example", OTHER.verifier.key_id, b"anything"),
        SignatureLine("log.example", OTHER.verifier.key_id, LOG.sign(TEXT.encode())),
        SignatureLine("witness.example", WITNESS.verifier.key_id, b"short"),
        SignatureLine("witness.example", WITNESS.verifier.key_id, b"\xff" * 72),
        SignatureLine("witness.example", WITNESS.verifier.key_id, b"\x00" * 72),
    ],
)
def test_a_false_line_of_a_known_key_spoils_the_note(line: SignatureLine) -> None:
    note = add_signature(sign_note(TEXT, signer=LOG), line=line)

    with pytest.raises(IntegrityError):
        verify_note(note, keys=[LOG.verifier, OTHER.verifier, WITNESS.verifier])


def test_a_witness_signs_its_time_too() -> None:
    line = cosignature(TEXT, signer=WITNESS, time=7)
    moved = line._replace(signature=(8).to_bytes(8, "big") + line.signature[8:])
    note = sign_note(TEXT, signer=LOG)

    assert verify_note(add_signature(note, line=line), keys=[WITNESS.verifier]) == VerifiedNote(
        TEXT, (WITNESS.verifier,)
    )
    with pytest.raises(IntegrityError):
        verify_note(add_signature(note, line=moved), keys=[WITNESS.verifier])


def test_a_key_signs_only_what_its_type_is_for() -> None:
    with pytest.raises(InvalidInputError):
        sign_note(TEXT, signer=WITNESS)
    with pytest.raises(InvalidInputError):
        cosignature(TEXT, signer=LOG, time=1)
    with pytest.raises(IntegrityError):
        cosignature(TEXT, signer=WITNESS, time=0)


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\r\n", "\x00\n"])
def test_a_text_that_no_note_can_carry_is_not_signed(text: str) -> None:
    with pytest.raises(InvalidInputError):
        sign_note(text, signer=LOG)


def test_a_note_has_at_most_16_lines_each_by_another_key() -> None:
    note = sign_note(TEXT, signer=LOG)
    for number in range(15):
        line = SignatureLine("witness.example", number.to_bytes(4, "big"), b"x")
        note = add_signature(note, line=line)

    assert len(parse_note(note).lines) == 16
    with pytest.raises(IntegrityError):
        add_signature(note, line=SignatureLine("witness.example", b"full", b"x"))
    with pytest.raises(IntegrityError):
        add_signature(
            sign_note(TEXT, signer=LOG),
            line=SignatureLine("log.example", LOG.verifier.key_id, b"x"),
        )


GOOD = sign_note("a\n", signer=LOG)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "a\n",
        "a\n\n",
        GOOD[:-1],
        GOOD + "\n",
        GOOD + "more\n",
        GOOD.replace("\u2014", "-"),
        GOOD.replace("log.example", "log+example"),
        GOOD.replace("log.example", "log\u2003example"),
        GOOD.replace(" log.example", "  log.example"),
        GOOD.replace("a\n", "a\r\n", 1),
        GOOD.replace("=", ""),
        GOOD[:-3] + "\n",
        "a\n\n\u2014 log.example AAAA\n",
        "a\n\n\u2014 log.example AAAAAB==\n",
        "a" * MAX_NOTE_CHARACTERS + GOOD,
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(IntegrityError):
        parse_note(note)


def test_half_a_character_is_no_signed_text() -> None:
    with pytest.raises(IntegrityError):
        sign_note("\ud800\n", signer=LOG)
    with pytest.raises(IntegrityError):
        verify_note(GOOD.replace("a", "\ud800", 1), keys=[LOG.verifier])
