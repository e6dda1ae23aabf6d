import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.crypto.signing import SignatureType, SignerKey
from vault.errors import IntegrityError, InvalidInputError
from vault.ids import EntryId
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.leaves import Leaf
from vault.journal.merkle import Frontier, leaf_hash, paths_of_batch
from vault.journal.notes import SignatureLine
from vault.journal.receipts import Proven, Receipt, parse_receipt, verify_receipt
from vault.journal.trust import Policy

VECTORS = json.loads(Path("tests/vectors/crypto_vectors.json").read_text())["journal"]
TEXT = VECTORS["tlog_proof_text"]
LOG = VECTORS["log_vkey_text"]
WITNESS = VECTORS["witness_vkey_text"]
ENTRY_ID = EntryId(bytes.fromhex("e2" * 16))
POLICY = Policy.parse(f"log {LOG}\nwitness privacy {WITNESS}\nquorum privacy\n")
ALONE = Policy.parse(f"log {LOG}\nquorum none\n")


def test_the_receipt_of_the_vectors_verifies_and_says_what_it_proves() -> None:
    assert verify_receipt(TEXT, POLICY) == Proven(
        leaf=Leaf.from_bytes(bytes.fromhex(VECTORS["entries"][2]["leaf"])),
        index=2,
        checkpoint=Checkpoint(
            origin="vault.example/log/2026", size=5, root=bytes.fromhex(VECTORS["roots"]["5"])
        ),
        witnesses=frozenset({"privacy"}),
    )
    assert verify_receipt(TEXT, ALONE).witnesses == frozenset()


def test_a_receipt_is_written_as_it_was_read() -> None:
    receipt = parse_receipt(TEXT, entry_id=ENTRY_ID)

    assert receipt.to_text() == TEXT
    assert (receipt.leaf.hex(), receipt.index, [one.hex() for one in receipt.path]) == (
        VECTORS["entries"][2]["leaf"],
        2,
        VECTORS["inclusion"][0]["path"],
    )


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 70), data=st.data())
def test_every_entry_of_every_log_has_a_receipt_that_verifies(
    size: int, data: st.DataObject
) -> None:
    signer = SignerKey(b"\x01" * 32, name="log.example")
    leaves = [
        Leaf(
            suite=1,
            hour=1,
            holder_tag=bytes(16),
            actor_tag=bytes(16),
            payload_hash=number.to_bytes(32, "big"),
        ).to_bytes()
        for number in range(size)
    ]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    index = data.draw(st.integers(0, size - 1))
    head = Checkpoint(origin="log.example", size=size, root=Frontier().extend(hashes).root())
    receipt = Receipt(
        entry_id=ENTRY_ID,
        leaf=leaves[index],
        index=index,
        path=paths_of_batch(Frontier(), hashes)[index],
        checkpoint=sign_checkpoint(head, signer=signer),
    )
    policy = Policy.parse(f"log {signer.verifier.encode()}\nquorum none\n")

    assert parse_receipt(receipt.to_text(), entry_id=ENTRY_ID) == receipt
    assert verify_receipt(receipt.to_text(), policy).index == index


def test_no_receipt_verifies_with_a_sign_changed() -> None:
    changed = 0
    for at, sign in enumerate(TEXT):
        other = "B" if sign == "A" else "A"
        with pytest.raises(IntegrityError):
            verify_receipt(f"{TEXT[:at]}{other}{TEXT[at + 1 :]}", POLICY)
        changed += 1

    assert changed == len(TEXT)


def test_no_receipt_verifies_with_a_line_dropped_doubled_or_swapped() -> None:
    lines = TEXT.splitlines(keepends=True)
    dropped = [[*lines[:at], *lines[at + 1 :]] for at in range(len(lines))]
    doubled = [[*lines[: at + 1], *lines[at:]] for at in range(len(lines))]
    swapped = [  # All but the two signatures, whose order says nothing.
        [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]]
        for at in range(1, len(lines) - 1)
    ]

    for mutated in (*dropped, *doubled, *swapped):
        with pytest.raises(IntegrityError):
            verify_receipt("".join(mutated), POLICY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"),
        ("index 2", "index 02"),
        ("index 2", "index -2"),
        ("index 2", "index 3"),
        ("index 2\n", ""),
        ("extra ", "extra  "),
        ("\n", "\r\n"),
        ("extra AQEA", "extra AgEA"),
    ],
)
def test_a_receipt_in_another_form_is_refused(old: str, new: str) -> None:
    assert old in TEXT

    with pytest.raises(IntegrityError):
        verify_receipt(TEXT.replace(old, new, 1), POLICY)


def test_a_receipt_of_an_unknown_log_is_refused() -> None:
    stranger = SignerKey(b"\x07" * 32, name="vault.example/log/2026")
    foreign = SignerKey(b"\x08" * 32, name="other.example")
    for key in (stranger, foreign):
        policy = Policy.parse(
            f"log {key.verifier.encode()}\nwitness privacy {WITNESS}\nquorum none\n"
        )

        with pytest.raises(IntegrityError):
            verify_receipt(TEXT, policy)


def test_a_log_of_the_policy_cannot_sign_for_another_log_of_it() -> None:
    other = SignerKey(b"\x08" * 32, name="other.example")
    policy = Policy.parse(f"log {LOG}\nlog {other.verifier.encode()}\nquorum none\n")
    receipt = parse_receipt(TEXT, entry_id=ENTRY_ID)
    text = receipt.checkpoint.split("\n\n")[0] + "\n"
    line = SignatureLine("other.example", other.verifier.key_id, other.sign(text.encode()))
    forged = replace(receipt, checkpoint=f"{text}\n{line.to_text()}")

    with pytest.raises(IntegrityError):
        verify_receipt(forged.to_text(), policy)


def test_too_few_witnesses_are_no_quorum() -> None:
    alone = replace(
        parse_receipt(TEXT, entry_id=ENTRY_ID),
        checkpoint="".join(VECTORS["checkpoint_text"].splitlines(keepends=True)[:5]),
    ).to_text()

    assert verify_receipt(alone, ALONE).index == 2
    with pytest.raises(IntegrityError):
        verify_receipt(alone, POLICY)


def keyed(kind: int, *numbers: int) -> list[str]:
    """Return verifier keys; 4 makes them witnesses'."""
    return [
        SignerKey(
            bytes([n]) * 32, name=f"key.example/{n}", algorithm=SignatureType(kind)
        ).verifier.encode()
        for n in numbers
    ]


W = keyed(4, 1, 2, 3, 4, 5)
EXAMPLE = f"""\
# two levels of groups
log {LOG}  https://vault.example/log

\twitness X1 {W[0]}
witness X2 {W[1]} https://x2.example/
witness X3 {W[2]}
group X 2 X1 X2 X3
witness Y1 {W[3]}
witness Y2 {W[4]}
group Y any Y1 Y2
group both all X Y
quorum both
"""


@pytest.mark.parametrize(
    ("seen_by", "enough"),
    [
        ("", False),
        ("X1 X2 X3", False),
        ("X1 Y1 Y2", False),
        ("X1 X3 Y2", True),
        ("X1 X2 X3 Y1 Y2", True),
    ],
)
def test_a_quorum_counts_witnesses_through_groups(seen_by: str, *, enough: bool) -> None:
    assert Policy.parse(EXAMPLE).satisfied(frozenset(seen_by.split())) is enough


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {LOG}\n",
        "quorum none\nquorum none\n",
        "quorum nobody\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"log {WITNESS}\nquorum none\n",
        f"log {LOG} https://a https://b\nquorum none\n",
        "log nonsense\nquorum none\n",
        f"witness a {LOG}\nquorum none\n",
        f"witness a {WITNESS}\nwitness b {WITNESS}\nquorum none\n",
        f"witness none {WITNESS}\nquorum none\n",
        f"witness a {W[0]}\nwitness a {W[1]}\nquorum a\n",
        f"witness a {W[0]}\ngroup a any a\nquorum a\n",
        f"witness a {W[0]}\ngroup g any\nquorum g\n",
        f"witness a {W[0]}\ngroup g any a a\nquorum g\n",
        f"witness a {W[0]}\ngroup g any a\ngroup h any a\nquorum g\n",
        f"witness a {W[0]}\ngroup g 0 a\nquorum g\n",
        f"witness a {W[0]}\ngroup g 2 a\nquorum g\n",
        f"witness a {W[0]}\ngroup g some a\nquorum g\n",
        f"group g any a\nwitness a {W[0]}\nquorum g\n",
        "group g any none\nquorum g\n",
        "quorum none\r\n",
        "trust everybody\nquorum none\n",
        "\n".join(
            [f"witness a {W[0]}", "group g0 any a"]
            + [f"group g{n} any g{n - 1}" for n in range(1, 300)]
            + ["quorum g299\n"]
        ),
    ],
)
def test_a_malformed_trust_policy_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        Policy.parse(text)
