"""A real witness process: what it has signed once it remembers, whatever happens to it."""

import base64
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from api.egress import EgressError, Reply
from scripts.local.process import Process
from scripts.witness.folder import SEEN
from tests.support.witnesses import SmallLog, Witnesses, ask, witnesses
from vault.crypto.signing import SignerKey
from vault.journal.notes import verify_note
from vault.journal.witnessing import SIZE_TYPE

LOG = SmallLog(SignerKey(b"\x01" * 32, name="vault.example/log/2026"))
FORK = SmallLog(LOG.signer, of="theirs")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Witnesses]:
    with witnesses(tmp_path, count=1, logs=(LOG.signer.verifier,)) as found:
        yield found


def says(running: Witnesses, text: str) -> Reply:
    return ask(running.egress(), running.each[0].url, text)


def signed_at(running: Witnesses, reply: Reply, *, size: int) -> int:
    """Check that the witness has signed the head of ``size`` leaves; return when."""
    note = LOG.note(size) + reply.body.decode()
    assert reply.status == 200
    assert verify_note(note, keys=[running.each[0].key]).signed_by == (running.each[0].key,)
    line = reply.body.decode().split()[2]
    return int.from_bytes(base64.b64decode(line)[4:12], "big")


def test_it_signs_what_continues_and_nothing_else(running: Witnesses) -> None:
    first = says(running, LOG.asking(0, 3))
    again = says(running, LOG.asking(0, 3))
    more = says(running, LOG.asking(3, 9))
    back = says(running, LOG.asking(3, 3))
    fork = says(running, FORK.asking(9, 12))
    unknown = SmallLog(SignerKey(b"\x02" * 32, name="other.example"))

    signed_at(running, first, size=3)
    assert again == Reply(409, b"3\n", SIZE_TYPE)
    signed_at(running, more, size=9)
    assert back == Reply(409, b"9\n", SIZE_TYPE)
    assert fork.status == 422
    assert says(running, unknown.asking(0, 1)).status == 404
    thief = SmallLog(SignerKey(b"\x02" * 32, name=LOG.signer.verifier.name))
    assert says(running, thief.asking(9, 12)).status == 403
    assert says(running, "old nothing\n").status == 400
    assert says(running, LOG.asking(9, 3)).status == 400
    assert says(running, "x" * 70_000).status == 413


def test_a_restart_signs_nothing_older_and_no_other_history(running: Witnesses) -> None:
    before = signed_at(running, says(running, LOG.asking(0, 9)), size=9)
    with closing(sqlite3.connect(running.each[0].folder / SEEN)) as seen:
        seen.execute("UPDATE seen SET signed_at = signed_at + 1000")  # As if the clock fell back.
        seen.commit()

    running.each[0].stop()
    running.each[0].start()

    assert says(running, LOG.asking(0, 3)) == Reply(409, b"9\n", SIZE_TYPE)
    assert says(running, FORK.asking(9, 12)).status == 422
    after = signed_at(running, says(running, LOG.asking(9, 9)), size=9)
    assert after >= before + 1000


def test_a_second_process_of_the_same_witness_does_not_start(
    running: Witnesses, tmp_path: Path
) -> None:
    command = [*running.each[0].command()]
    command[command.index("--port") + 1] = "0"

    second = Process.start(command, name="second", log=tmp_path / "second")

    with second:
        until = time.monotonic() + 30
        while second.alive and time.monotonic() < until:
            time.sleep(0.05)
    assert not second.alive
    assert "runs already" in (tmp_path / "second").read_text("utf-8")
    assert says(running, LOG.asking(0, 3)).status == 200


def test_what_cannot_be_stored_is_not_signed(running: Witnesses) -> None:
    says(running, LOG.asking(0, 3))
    with closing(sqlite3.connect(running.each[0].folder / SEEN)) as seen:
        seen.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON seen BEGIN SELECT RAISE(ABORT, 'full'); END"
        )

    refused = says(running, LOG.asking(3, 9))
    with closing(sqlite3.connect(running.each[0].folder / SEEN)) as seen:
        seen.execute("DROP TRIGGER full")

    assert (refused.status, refused.body) == (503, b"")
    signed_at(running, says(running, LOG.asking(3, 9)), size=9)


def test_a_witness_that_is_killed_anywhere_remembers_all_that_it_answered(
    running: Witnesses,
) -> None:
    """Twelve kills between check, store and answer; a signature that got out is never undone."""
    chance = random.Random(5)  # noqa: S311 - only when to kill
    over, signed, one = threading.Event(), [0], running.each[0]

    def grow() -> None:
        size = 0
        while not over.is_set():
            with suppress(EgressError):
                reply = says(running, LOG.asking(size, size + 1))
                if reply.status == 409:  # It had stored it, and could not say so any more.
                    assert int(reply.body) == size + 1
                else:
                    signed_at(running, reply, size=size + 1)
                size += 1
                signed[0] = size

    with ThreadPoolExecutor(1) as pool:
        growing = pool.submit(grow)
        for _ in range(12):
            time.sleep(chance.uniform(0.02, 0.25))
            assert one.process is not None
            one.process.send(signal.SIGKILL)
            one.stop()
            one.start()
        over.set()
        growing.result()

    size = signed[0]
    assert size > 0
    last = says(running, LOG.asking(0, 0))
    assert last in [Reply(409, f"{n}\n".encode(), SIZE_TYPE) for n in (size, size + 1)]
