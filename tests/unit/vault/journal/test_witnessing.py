"""A witness's judgement: every answer of C2SP tlog-witness, over real trees."""

import pytest

from vault.crypto.signing import SignerKey
from vault.errors import IntegrityError
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.merkle import Frontier, consistency_path, leaf_hash
from vault.journal.witnessing import Answer, Refusal, Signable, Submission, judge

ORIGIN = "vault.example/log/2026"
LOG = SignerKey(b"\x01" * 32, name=ORIGIN)
LOGS = {ORIGIN: (LOG.verifier,)}


def leaves(size: int, *, of: str = "ours") -> list[bytes]:
    return [leaf_hash(f"{of} {number}".encode()) for number in range(size)]


def head(size: int, *, of: str = "ours", origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin=origin, size=size, root=Frontier().extend(leaves(size, of=of)).root())


def asked(old: int, new: Checkpoint, *, signer: SignerKey = LOG, of: str = "ours") -> str:
    hashes = leaves(new.size, of=of)

    def node(level: int, index: int) -> bytes:
        return Frontier().extend(hashes[index << level : (index + 1) << level]).root()

    proof = consistency_path(old, new.size, node) if old <= new.size else ()
    note = sign_checkpoint(new, signer=signer)
    return Submission(old=old, proof=proof, note=note).to_text()


def judged(text: str, *, seen: int | None) -> Signable | Refusal:
    return judge(text, logs=LOGS, seen={} if seen is None else {ORIGIN: head(seen)})


@pytest.mark.parametrize(
    ("seen", "new"), [(None, 0), (None, 5), (0, 0), (0, 7), (3, 3), (3, 7), (4, 8), (255, 257)]
)
def test_what_continues_what_was_seen_is_signed(seen: int | None, new: int) -> None:
    signable = judged(asked(seen or 0, head(new)), seen=seen)

    assert signable == Signable(checkpoint=head(new), text=head(new).to_text())


@pytest.mark.parametrize("old", [0, 2, 4, 5])
def test_a_log_that_thinks_of_another_size_is_told_the_right_one(old: int) -> None:
    refusal = judged(asked(old, head(5)), seen=3)

    assert refusal == Refusal(answer=Answer.OTHER_SIZE, size=3)


def test_a_log_that_went_back_is_told_what_was_seen() -> None:
    assert judged(asked(3, head(3)), seen=9) == Refusal(answer=Answer.OTHER_SIZE, size=9)


@pytest.mark.parametrize("size", [3, 7])
def test_another_history_is_not_signed(size: int) -> None:
    refusal = judged(asked(3, head(size, of="theirs"), of="theirs"), seen=3)

    assert refusal == Refusal(answer=Answer.NOT_CONSISTENT)


def test_a_proof_where_none_belongs_is_refused() -> None:
    text = Submission(
        old=0, proof=(bytes(32),), note=sign_checkpoint(head(5), signer=LOG)
    ).to_text()

    assert judged(text, seen=None) == Refusal(answer=Answer.NOT_CONSISTENT)


def test_a_log_that_nobody_told_of_is_unknown() -> None:
    stranger = SignerKey(b"\x02" * 32, name="other.example")
    text = asked(0, head(5, origin="other.example"), signer=stranger)

    assert judged(text, seen=None) == Refusal(answer=Answer.UNKNOWN_LOG)


def test_a_name_of_the_log_under_another_key_is_not_believed() -> None:
    thief = SignerKey(b"\x02" * 32, name=ORIGIN)
    text = asked(0, head(5), signer=thief)
    spoilt = asked(0, head(5)).replace("\n5\n", "\n6\n")

    assert judged(text, seen=None) == Refusal(answer=Answer.NOT_SIGNED)
    assert judged(spoilt, seen=None) == Refusal(answer=Answer.NOT_SIGNED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        asked(6, head(5)),
        asked(0, head(5)).replace("old 0", "old 00"),
        asked(0, head(5)).replace("old 0", "old  0"),
        asked(0, head(5)).replace("old 0\n", ""),
        asked(0, head(5)).replace("\n5\n", "\n5\nextension\n"),
        asked(3, head(7)).replace("=\n", "\n", 1),
        "old 0\n" + 64 * (43 * "A" + "=\n") + "\n" + sign_checkpoint(head(5), signer=LOG),
    ],
)
def test_anything_else_is_no_request(text: str) -> None:
    assert judged(text, seen=None) == Refusal(answer=Answer.MALFORMED)


def test_a_request_is_written_and_read() -> None:
    text = asked(3, head(7))

    assert Submission.parse(text).to_text() == text
    with pytest.raises(IntegrityError):
        Submission.parse(text[1:])
