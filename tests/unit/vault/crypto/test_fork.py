"""No generator state lives in our modules: forked processes draw different salts (B8)."""

import multiprocessing
import os
from multiprocessing.connection import Connection

from tests.support.crypto import blob_context
from vault.crypto.envelope import SALT_BYTES, seal
from vault.crypto.keys import RecordKey
from vault.crypto.suites import Suite

PROCESSES = int(os.environ.get("FORKS", "4"))
SEALS = int(os.environ.get("SEALS_PER_FORK", "250"))
KEY = RecordKey(bytes(32), suite=Suite.AES_256_GCM)
CONTEXT = blob_context(Suite.AES_256_GCM)


def draw(sending: Connection) -> None:
    sealed = [seal(KEY, CONTEXT, b"", random=os.urandom) for _ in range(SEALS)]
    sending.send_bytes(b"".join(one[:SALT_BYTES] for one in sealed))


def test_forked_processes_never_draw_the_same_salt() -> None:
    fork = multiprocessing.get_context("fork")
    seal(KEY, CONTEXT, b"", random=os.urandom)  # Whatever state there is exists before the fork.
    salts: set[bytes] = set()
    for _ in range(PROCESSES):
        receiving, sending = fork.Pipe(duplex=False)
        child = fork.Process(target=draw, args=(sending,))
        child.start()
        drawn = receiving.recv_bytes()
        child.join()
        salts.update(drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES))

    assert len(salts) == PROCESSES * SEALS
