"""``myspace-verify`` from file to exit code; the files are written by the vault's own code."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from scripts.verify.cli import main
from scripts.verify.said import MESSAGES
from tests.support.journal_log import ORIGIN, MemoryLog
from tests.support.journal_values import (
    AT_MS,
    VAULT_ID,
    chosen_bytes,
    entry_keys,
    entry_numbered,
)
from tests.support.mirrors import holder_file, mirror_of, opening_of
from vault.crypto import contexts
from vault.crypto.envelope import seal
from vault.crypto.keys import EntryKey
from vault.crypto.signing import SignatureType, SignerKey
from vault.crypto.suites import Suite
from vault.ids import EntryId
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.merkle import Frontier, inclusion_path
from vault.journal.notes import add_signature, cosignature
from vault.journal.plain import base64_text
from vault.journal.receipts import Receipt
from vault.journal.sealing import seal_entry
from vault.journal.statements import make_opening
from vault.journal.tiles import cut_tile, node_reader

VECTORS: dict[str, Any] = json.loads(Path("tests/vectors/crypto_vectors.json").read_text())
JOURNAL = VECTORS["journal"]
HOLDER = 3
SIZE = 700
TIMES = AT_MS + 1000

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*words: object) -> tuple[int, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        last = (err or out).strip().rsplit("\n", 1)[-1]
        return code, last[last.rfind("[") + 1 : -1]

    return ran


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    """700 entries, each seventh of one holder, each fifth of nobody."""
    made = MemoryLog()
    batch = []
    for number in range(SIZE):
        holder = HOLDER if number % 7 == 0 else None if number % 5 == 0 else 1
        batch.append((holder, entry_numbered(number, at_ms=AT_MS + number)))
    made.append(batch)
    return made


@pytest.fixture
def mirror(log: MemoryLog, tmp_path: Path) -> Path:
    return mirror_of(log, tmp_path / "mirror")


@pytest.fixture
def policy(log: MemoryLog, tmp_path: Path) -> Path:
    return written(tmp_path / "policy", f"log {log.verifier.encode()}\nquorum none\n")


def written(file: Path, what: object) -> Path:
    file.write_text(what if isinstance(what, str) else json.dumps(what), "utf-8")
    return file


def receipt(log: MemoryLog, index: int, *, note: str | None = None) -> str:
    hashes = [row.leaf_hash for row in log.rows]
    node = node_reader(
        lambda tile: cut_tile(
            tile, leaf_hashes=lambda a, b: hashes[a:b], read=log.kept_tiles.__getitem__
        ),
        size=len(hashes),
    )
    return Receipt(
        entry_id=EntryId(log.rows[index].entry_id),
        leaf=log.rows[index].leaf,
        index=index,
        path=inclusion_path(index, len(hashes), node),
        checkpoint=note or log.head().note,
    ).to_text()


def test_the_receipt_of_the_vectors_holds_under_a_policy_with_its_witness(
    run: Run, tmp_path: Path
) -> None:
    proof = written(tmp_path / "proof", JOURNAL["tlog_proof_text"])
    lines = [
        f"log {JOURNAL['log_vkey_text']}",
        f"witness office {JOURNAL['witness_vkey_text']}",
        "quorum office",
    ]
    policy = written(tmp_path / "policy", "\n".join(lines))

    assert run("proof", proof, "--policy", policy) == (0, "receipt")


def test_a_receipt_and_its_opening_hold_together(
    run: Run, log: MemoryLog, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = written(tmp_path / "proof", receipt(log, 7))
    opening = written(tmp_path / "opening", opening_of(log, 7, keys=entry_keys(holder=HOLDER)))

    code = main(["proof", str(proof), "--policy", str(policy), "--opening", str(opening)])

    said = capsys.readouterr().out
    assert code == 0
    assert json.loads(said[said.index("{") : said.rindex("}") + 1])["kind"] == "pull"
    assert said.endswith("the opening belongs to the entry [opened]\n")
    assert run("open", opening) == (0, "unbound")


def test_the_opening_of_another_entry_is_refused(
    run: Run, log: MemoryLog, policy: Path, tmp_path: Path
) -> None:
    proof = written(tmp_path / "proof", receipt(log, 7))
    keys = entry_keys(holder=HOLDER)
    other = opening_of(log, 14, keys=keys)
    changes: list[dict[str, Any]] = [
        {"key": "00" * 32},
        {"key": "00" * 31},
        {"holder_ref": "00" * 16},
        {"actor_seq": 8},
        {"lane": 1},
        {"lane": -1},
        {"suite": 2},
        {"suite": 9},
        {"vault": "00" * 16},
        {"entry": "00" * 16},
        {"payload": other["payload"]},
        {"payload": "!"},
        {"v": 2},
    ]

    opening = opening_of(log, 7, keys=keys)
    for wrong in (other, {}, *(opening | change for change in changes)):
        file = written(tmp_path / "opening", wrong)
        asked = ("proof", proof, "--policy", policy, "--opening", file)
        assert run(*asked) == (1, "opening"), wrong


def test_an_entry_of_suite_2_opens_too_and_not_under_another_key(run: Run, tmp_path: Path) -> None:
    entry, keys = entry_numbered(1), entry_keys(suite=Suite.SM4_GCM, holder=HOLDER)
    about: dict[str, Any] = {"holder_seq": 0, "actor_seq": 0, "vault_id": VAULT_ID}
    about |= {"keys": keys, "suite": Suite.SM4_GCM}
    sealed = seal_entry(entry, **about, random=chosen_bytes("suite 2"))
    opening = json.loads(make_opening(sealed.payload, entry_id=entry.entry_id, **about).to_json())

    assert run("open", written(tmp_path / "opening", opening)) == (0, "unbound")
    payload = bytearray(sealed.payload)
    payload[-1] ^= 1
    spoilt = opening | {"payload": base64_text(bytes(payload))}
    assert run("open", written(tmp_path / "opening", spoilt)) == (1, "opening")


def test_a_payload_that_is_not_padded_as_an_entry_is_refused(run: Run, tmp_path: Path) -> None:
    key = EntryKey(bytes(32), suite=Suite.AES_256_GCM)
    context = contexts.audit_payload(
        suite=Suite.AES_256_GCM,
        vault_id=VAULT_ID,
        holder_ref=bytes(16),
        actor_number=0,
        entry_id=EntryId(bytes(16)),
    )
    payload = seal(key, context, b'{"v":1}', random=chosen_bytes("padding"))
    opening = {
        "v": 1,
        "suite": 1,
        "vault": VAULT_ID.hex(),
        "entry": bytes(16).hex(),
        "holder_ref": bytes(16).hex(),
        "lane": 0,
        "actor_seq": 0,
        "key": bytes(32).hex(),
        "payload": base64_text(payload),
    }

    assert run("open", written(tmp_path / "opening", opening)) == (1, "opening")


def test_a_note_with_too_many_lines_or_two_of_one_key_is_unreadable(
    run: Run, log: MemoryLog, mirror: Path
) -> None:
    note = log.head().note
    twice = note + note.partition("\n\n")[2]
    many = note + "".join(
        f"— w{number}.example {base64_text(bytes(100))}\n" for number in range(16)
    )
    loose = note.replace("=\n\n", "=\n\n— x.example AAAAAAB=\n")

    for text in (twice, many, loose):
        written(mirror / "checkpoint", text)
        assert run("fsck", mirror) == (2, "file")


def test_a_receipt_is_refused_where_anything_in_it_differs(
    run: Run, log: MemoryLog, policy: Path, tmp_path: Path
) -> None:
    good = receipt(log, 7)
    lines = good.split("\n")
    other_root = Checkpoint(origin=ORIGIN, size=SIZE, root=b"\x01" * 32)
    stranger = SignerKey(b"\x09" * 32, name=ORIGIN)
    forged = sign_checkpoint(other_root, signer=log.signer)
    cases = {
        "inclusion": [
            good.replace("index 7", "index 8"),
            good.replace(lines[3] + "\n", ""),
            receipt(log, 7, note=forged),
        ],
        "stranger": [receipt(log, 7, note=sign_checkpoint(other_root, signer=stranger))],
        "signature": [good.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n")],
        "file": ["", good[:-1], good.replace("@v1", "@v2"), good.replace("extra ", "extra !")],
    }
    for name, texts in cases.items():
        for text in texts:
            proof = written(tmp_path / "proof", text)
            assert run("proof", proof, "--policy", policy) == (MESSAGES[name][0], name)


def test_no_receipt_with_a_sign_changed_holds(run: Run, log: MemoryLog, tmp_path: Path) -> None:
    text, (witness, *_) = two_of_three(log)
    policy = written(tmp_path / "policy", text.replace("offices 2", "offices 1"))
    body = log.head().note.partition("\n\n")[0] + "\n"
    line = cosignature(body, signer=witness, time=TIMES)
    good = receipt(log, 7, note=add_signature(log.head().note, line=line))

    codes = set()
    for at, sign in enumerate(good):
        other = "B" if sign == "A" else "A"
        proof = written(tmp_path / "proof", good[:at] + other + good[at + 1 :])
        codes.add(run("proof", proof, "--policy", policy)[0])

    assert codes == {1, 2}
    assert run("proof", written(tmp_path / "proof", good), "--policy", policy) == (0, "receipt")


def two_of_three(log: MemoryLog) -> tuple[str, list[SignerKey]]:
    witnesses = [
        SignerKey(bytes([n]) * 32, name=f"w{n}.example", algorithm=SignatureType.COSIGNATURE)
        for n in (1, 2, 3)
    ]
    lines = [f"log {log.verifier.encode()} https://vault.example/log"]
    lines += [f"witness w{n} {one.verifier.encode()}" for n, one in enumerate(witnesses)]
    lines += ["group offices 2 w0 w1 w2", "# of three", "", "quorum offices"]
    return "\n".join(lines), witnesses


def test_a_quorum_of_witnesses_is_asked_for_and_counted(
    run: Run, log: MemoryLog, tmp_path: Path
) -> None:
    text, witnesses = two_of_three(log)
    policy = written(tmp_path / "policy", text)
    note, body = log.head().note, log.head().note.partition("\n\n")[0] + "\n"
    outcomes = []
    for witness in witnesses:
        note = add_signature(note, line=cosignature(body, signer=witness, time=TIMES))
        proof = written(tmp_path / "proof", receipt(log, 7, note=note))
        outcomes.append(run("proof", proof, "--policy", policy))

    assert outcomes == [(1, "quorum"), (0, "receipt"), (0, "receipt")]


def test_the_false_line_of_a_known_witness_spoils_the_note(
    run: Run, log: MemoryLog, tmp_path: Path
) -> None:
    text, witnesses = two_of_three(log)
    policy = written(tmp_path / "policy", text)
    note = log.head().note
    for witness, body in zip(
        witnesses, ("a\n", log.head().note.partition("\n\n")[0] + "\n"), strict=False
    ):
        note = add_signature(note, line=cosignature(body, signer=witness, time=TIMES))

    proof = written(tmp_path / "proof", receipt(log, 7, note=note))

    assert run("proof", proof, "--policy", policy) == (1, "signature")


def ml_dsa_line(name: str, head: Checkpoint, *, time: int, spoil: bool = False) -> tuple[str, str]:
    """Return a verifier key of type 06 and its line under a checkpoint (C2SP tlog-cosignature)."""
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
    typed = b"\x06" + private.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n" + typed).digest()[:4]
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name.encode() + time.to_bytes(8, "big")
    message += bytes([len(head.origin)]) + head.origin.encode() + bytes(8)
    message += head.size.to_bytes(8, "big") + (bytes(32) if spoil else head.root)
    signature = key_id + time.to_bytes(8, "big") + private.sign(message)
    return f"{name}+{key_id.hex()}+{base64_text(typed)}", f"— {name} {base64_text(signature)}\n"


def test_the_vectors_message_and_key_id_are_what_a_line_of_ml_dsa_is_made_of() -> None:
    inputs = JOURNAL["inputs"]
    head = Checkpoint(origin=ORIGIN, size=5, root=bytes.fromhex(JOURNAL["roots"]["5"]))
    vkey, line = ml_dsa_line(ORIGIN, head, time=inputs["witness_time"])

    assert vkey.split("+")[1] == JOURNAL["ml_dsa_44"]["key_id"]
    assert len(line.encode()) == 3272


@pytest.mark.parametrize("role", ["log", "witness"])
def test_a_line_of_ml_dsa_counts_and_a_false_one_spoils_the_note(
    run: Run, log: MemoryLog, tmp_path: Path, role: str
) -> None:
    stored = log.head()
    head = Checkpoint(origin=ORIGIN, size=stored.size, root=stored.root)
    name = ORIGIN if role == "log" else "w.example"
    outcomes = []
    for spoil in (False, True):
        vkey, line = ml_dsa_line(name, head, time=0 if role == "log" else TIMES, spoil=spoil)
        believed = [f"log {vkey}", "quorum none"]
        if role == "witness":
            believed = [f"log {log.verifier.encode()}", f"witness w {vkey}", "quorum w"]
        policy = written(tmp_path / "policy", "\n".join(believed))
        proof = written(tmp_path / "proof", receipt(log, 7, note=stored.note + line))
        outcomes.append(run("proof", proof, "--policy", policy))

    assert outcomes == [(0, "receipt"), (1, "signature")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        "log {log}",
        "log {log}\nquorum none\nquorum none",
        "log {log}\nquorum nobody",
        "log {log}x\nquorum none",
        "log +\nquorum none",
        "log {witness}\nquorum none",
        "log {log}\nwitness a {log}\nquorum a",
        "log {log}\nwitness none {witness}\nquorum none",
        "log {log}\nwitness a {witness}\nwitness b {witness}\nquorum a",
        "log {log}\nwitness a {witness}\ngroup g 2 a\nquorum g",
        "log {log}\nwitness a {witness}\ngroup g 2 a a\nquorum g",
        "log {log}\nwitness a {witness}\ngroup g some a\nquorum g",
        "log {log}\nwitness a {witness}\ngroup g any\nquorum g",
        "log {log}\nwitness a {witness}\ngroup g any b\nquorum g",
        "log {log}\nwitness a {witness}\ngroup g any a\ngroup h any a\nquorum h",
        "believe {log}\nquorum none",
    ],
)
def test_a_policy_that_says_nothing_clear_is_unreadable(
    run: Run, log: MemoryLog, tmp_path: Path, text: str
) -> None:
    said = text.format(log=log.verifier.encode(), witness=JOURNAL["witness_vkey_text"])
    policy = written(tmp_path / "policy", said)
    proof = written(tmp_path / "proof", receipt(log, 7))

    assert run("proof", proof, "--policy", policy) == (2, "file")


def test_a_whole_mirror_holds(run: Run, mirror: Path, policy: Path) -> None:
    assert run("fsck", mirror, "--policy", policy) == (0, "intact")
    assert run("fsck", mirror) == (0, "unsigned")


def test_a_full_tile_may_stand_where_a_partial_one_is_looked_for(
    run: Run, log: MemoryLog, mirror: Path
) -> None:
    older = MemoryLog(signer=log.signer, rows=log.rows[:300])
    written(mirror / "checkpoint", older.head().note)

    for file in ("tile/entries/001.p/188", "tile/0/001.p/188"):
        assert not (mirror / file.replace("188", "44")).exists()
    (mirror / "tile/1").joinpath("000.p").joinpath("1").write_bytes(
        (mirror / "tile/1/000.p/2").read_bytes()[:32]
    )
    assert run("fsck", mirror) == (0, "unsigned")


@pytest.mark.parametrize(
    "file",
    [
        "tile/entries/001",
        "tile/entries/002.p/188",
        "tile/0/000",
        "tile/0/002.p/188",
        "tile/1/000.p/2",
    ],
)
def test_a_mirror_with_one_byte_or_file_wrong_does_not_hold(
    run: Run, mirror: Path, file: str
) -> None:
    path = mirror / file
    data = path.read_bytes()

    path.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    assert run("fsck", mirror) == (1, "tile")
    path.write_bytes(data[:-1])
    assert run("fsck", mirror) == (1, "tile")
    path.write_bytes(b"\0" + b"\x45" + data[2:])
    assert run("fsck", mirror) == (1, "tile")
    path.unlink()
    assert run("fsck", mirror) == (2, "missing")


def test_a_mirror_whose_entries_and_tiles_agree_but_not_its_checkpoint_does_not_hold(
    run: Run, log: MemoryLog, mirror: Path
) -> None:
    false = Checkpoint(origin=ORIGIN, size=SIZE, root=b"\x01" * 32)
    written(mirror / "checkpoint", sign_checkpoint(false, signer=log.signer))

    assert run("fsck", mirror) == (1, "root")


@pytest.mark.parametrize("note", ["", "vault.example\n1\n", "— a b\n", "{note}\x01", "{note}x"])
def test_a_checkpoint_that_is_none_is_unreadable(
    run: Run, log: MemoryLog, mirror: Path, note: str
) -> None:
    written(mirror / "checkpoint", note.format(note=log.head().note))

    assert run("fsck", mirror) == (2, "file")


def test_a_newer_checkpoint_continues_every_older_one(
    run: Run, log: MemoryLog, mirror: Path, policy: Path, tmp_path: Path
) -> None:
    for size in (0, 1, 255, 256, 257, 512, 699, 700):
        older = MemoryLog(signer=log.signer, rows=log.rows[:size])
        old = written(tmp_path / "old", older.head().note)
        asked = ("consistency", old, mirror / "checkpoint", "--mirror", mirror)

        assert run(*asked, "--policy", policy) == (0, "grown")
    head = mirror / "checkpoint"
    assert run("consistency", head, head, "--mirror", mirror) == (0, "unsigned")


def test_another_history_and_a_shorter_log_are_no_continuation(
    run: Run, log: MemoryLog, mirror: Path, tmp_path: Path
) -> None:
    rows = [*log.rows[:300]]
    rows[5] = log.rows[6]
    forked = MemoryLog(signer=log.signer, rows=rows)
    old = written(tmp_path / "old", forked.head().note)
    head = mirror / "checkpoint"
    other = SignerKey(b"\x02" * 32, name="other.example/log")
    foreign = Checkpoint(origin="other.example/log", size=0, root=Frontier().root())
    third = written(tmp_path / "third", sign_checkpoint(foreign, signer=other))

    assert run("consistency", old, head, "--mirror", mirror) == (1, "consistency")
    assert run("consistency", head, old, "--mirror", mirror) == (1, "consistency")
    assert run("consistency", third, head, "--mirror", mirror) == (2, "other-log")


def test_a_holder_finds_and_opens_all_own_entries(
    log: MemoryLog, mirror: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = written(tmp_path / "key", holder_file(log, holder=HOLDER))

    code = main(["mine", "--tag-key", str(key), "--policy", str(policy), str(mirror)])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert [line.split()[:2] for line in lines[:-1]] == [
        [str(number), str(7 * number)] for number in range(100)
    ]
    assert all(line.endswith("  pull") for line in lines[:-1])
    assert lines[-1].endswith("100 / 700 [complete]")


def test_a_department_finds_all_of_its_own_lane(run: Run, mirror: Path, tmp_path: Path) -> None:
    log = {"origin": ORIGIN, "lane": 0, "size": SIZE, "count": SIZE}
    key = {"v": 1, "kind": "department", "tag_key": "ac" * 32, "logs": [log]}

    file = written(tmp_path / "key", key)
    assert run("mine", "--tag-key", file, mirror) == (0, "unsigned")
    log["count"] = SIZE - 1
    assert run("mine", "--tag-key", written(file, key), mirror) == (3, "hidden")
    log["lane"] = 1
    assert run("mine", "--tag-key", written(file, key), mirror) == (3, "gap")


def spoilt_log(log: MemoryLog, *, order: list[int]) -> MemoryLog:
    """Return a log of the same leaves in another order, with and without some of them."""
    return MemoryLog(signer=log.signer, rows=[log.rows[at] for at in order])


@pytest.mark.parametrize(
    ("order", "name"),
    [
        ([*range(70), *range(71, SIZE)], "gap"),
        ([*range(71), 70, *range(71, SIZE)], "duplicate"),
        ([*range(SIZE - 7)], "gap"),
        ([*range(1, SIZE)], "gap"),
        ([at for at in range(SIZE) if at % 7], "gap"),
    ],
    ids=["left out", "twice", "the last left out", "the first left out", "all left out"],
)
def test_an_entry_left_out_or_put_in_twice_is_an_alarm(
    run: Run, log: MemoryLog, tmp_path: Path, order: list[int], name: str
) -> None:
    """Even by one who holds the log's key: tree, tiles and signature all hold."""
    told = holder_file(log, holder=HOLDER)
    told["logs"][0]["size"] = len(order)
    key = written(tmp_path / "key", told)
    mirror = mirror_of(spoilt_log(log, order=order), tmp_path / "spoilt")

    assert run("fsck", mirror) == (0, "unsigned")
    assert run("mine", "--tag-key", key, mirror) == (3, name)


def test_an_entry_that_the_export_does_not_show_is_an_alarm(
    run: Run, log: MemoryLog, mirror: Path, tmp_path: Path
) -> None:
    outcomes = []
    for left_out in (0, 50, 99):
        told = holder_file(log, holder=HOLDER)
        del told["logs"][0]["entries"][left_out]
        told["logs"][0]["count"] -= 1
        outcomes.append(run("mine", "--tag-key", written(tmp_path / "key", told), mirror))

    assert outcomes == [(3, "hidden")] * 3


def test_what_came_after_the_export_and_what_a_mirror_has_not_yet_are_no_alarm(
    run: Run, log: MemoryLog, mirror: Path, tmp_path: Path
) -> None:
    early = MemoryLog(signer=log.signer, rows=log.rows[:350])
    key = written(tmp_path / "early", holder_file(early, holder=HOLDER))
    late = written(tmp_path / "late", holder_file(log, holder=HOLDER))
    small = mirror_of(early, tmp_path / "small")

    assert run("mine", "--tag-key", key, mirror) == (0, "unsigned")
    assert run("mine", "--tag-key", late, small) == (0, "unsigned")


def test_what_the_law_keeps_back_for_a_time_has_its_place_but_no_opening(
    run: Run, log: MemoryLog, mirror: Path, tmp_path: Path
) -> None:
    told = holder_file(log, holder=HOLDER)
    del told["logs"][0]["entries"][4]["opening"]

    assert run("mine", "--tag-key", written(tmp_path / "key", told), mirror) == (0, "unsigned")


def test_openings_of_other_entries_are_refused_in_a_scan(
    run: Run, log: MemoryLog, mirror: Path, tmp_path: Path
) -> None:
    told = holder_file(log, holder=HOLDER)
    entries = told["logs"][0]["entries"]
    entries[4]["opening"], entries[5]["opening"] = entries[5]["opening"], entries[4]["opening"]

    assert run("mine", "--tag-key", written(tmp_path / "key", told), mirror) == (1, "opening")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind":"holder","tag_key":"zz","logs":[]}'])
def test_a_file_that_is_no_tag_key_is_unreadable(
    run: Run, mirror: Path, tmp_path: Path, text: str
) -> None:
    code, name = run("mine", "--tag-key", written(tmp_path / "key", text), mirror)

    assert (code, name) in {(2, "file"), (2, "other-log")}


def test_the_key_of_another_log_is_said_to_be_so(run: Run, mirror: Path, tmp_path: Path) -> None:
    key = {"v": 1, "kind": "holder", "tag_key": "00" * 32, "logs": []}

    asked = ("mine", "--tag-key", written(tmp_path / "key", key), mirror)
    assert run(*asked) == (2, "other-log")


def test_a_scan_of_a_mirror_that_does_not_hold_finds_nothing(
    run: Run, log: MemoryLog, mirror: Path, tmp_path: Path
) -> None:
    key = written(tmp_path / "key", holder_file(log, holder=HOLDER))
    tile = mirror / "tile/0/001"
    tile.write_bytes(bytes(len(tile.read_bytes())))

    assert run("mine", "--tag-key", key, mirror) == (1, "tile")


def test_a_policy_that_an_editor_of_windows_wrote_is_read(
    run: Run, mirror: Path, policy: Path
) -> None:
    policy.write_bytes(b"\xef\xbb\xbf" + policy.read_bytes().replace(b"\n", b"\r\n"))

    assert run("fsck", mirror, "--policy", policy) == (0, "intact")


def test_nothing_that_a_file_says_moves_the_cursor(
    log: MemoryLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opening = opening_of(log, 7, keys=entry_keys(holder=HOLDER)) | {"entry": "\x1b[2J\x9b2J"}

    code = main(["open", str(written(tmp_path / "opening", opening))])

    assert code == 1
    assert capsys.readouterr().err.endswith(" · [2J2J [opening]\n")


@pytest.mark.parametrize("words", [[], ["proof"], ["proof", "x"], ["fsck"], ["mine", "x"], ["?"]])
def test_a_command_that_lacks_something_ends_as_unreadable(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "usage: myspace-verify" in capsys.readouterr().err
