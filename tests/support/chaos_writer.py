"""Keeps a vault busy until it is killed: ``python -m tests.support.chaos_writer FOLDER FD``.

Reads one seed a line. For each it forks (so that importing costs once), opens the vault, writes
``ready`` to the descriptor, and then one line of JSON for whatever was acknowledged to it. It
prints the id of the process to kill, and how that process ended.
"""

import json
import os
import random
import sys
import threading
import traceback
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

from scripts.serving import log_as_json
from tests.support.founding import open_vault
from tests.support.nursery import fork_each
from tests.support.town import PDF, Town
from vault.journal.receipts import Receipt
from vault.services.sealing import Incoming

THREADS: Final = int(os.environ.get("CHAOS_THREADS", "6"))
SURNAMES: Final = "张李王赵钱孙周吴郑冯陈卫蒋沈韩杨朱秦许何吕施"


class Acknowledged:
    """Tells the parent what this process was told. One write a line, so no line is torn."""

    def __init__(self, descriptor: int) -> None:
        """Write to ``descriptor``."""
        self._descriptor = descriptor

    def tell(self, kind: str, receipt: Receipt, **more: object) -> None:
        """Say what is durable."""
        line = {"kind": kind, "index": receipt.index, "entry": receipt.entry_id.hex(), **more}
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")

    def ready(self) -> None:
        """Say that the vault is open."""
        os.write(self._descriptor, b'{"kind": "ready"}\n')


def live_a_life(town: Town, told: Acknowledged, chance: random.Random) -> None:
    """Deposit, take up a case, consent, pull, narrow, revoke: all of it over and over."""
    while True:
        person = chance.randrange(2_000_000)
        name = "".join(chance.choices(SURNAMES, k=3))
        content = BytesIO(PDF + name.encode())
        files = [Incoming(name="scan.pdf", content=content)] * (chance.randrange(3) // 2)
        deposited = town.deposit(person, name=name, files=files)
        told.tell(
            "deposit",
            deposited.receipt,
            record=deposited.record_id.hex(),
            files=len(files),
        )
        case = town.open_case(person)
        told.tell("case", case.receipt)
        for _ in range(chance.randrange(1, 4)):
            granted = town.consent(person, case.case_no)
            told.tell("consent", granted.receipt, grant=granted.grant_id.hex())
            for _ in range(chance.randrange(1, 4)):
                release = town.pull(granted.live)
                told.tell(
                    "pull",
                    release.proof.receipt,
                    plain=digest(str(release.fields["name"])),
                    expected=digest(name),
                )
            if chance.random() < 1 / 3:
                told.tell("narrow", town.shorten(granted), grant=granted.grant_id.hex())
            told.tell("revoke", town.revoke(granted), grant=granted.grant_id.hex())


def digest(text: str) -> str:
    """Return a short digest: what was released is compared, not shown."""
    return sha256(text.encode()).hexdigest()[:16]


def write(folder: Path, told: Acknowledged, seed: int) -> None:
    """Open the vault and keep it busy with some threads; whatever one raises ends them all."""
    with open_vault(folder) as vault:
        told.ready()
        town = Town(vault)
        threads = [
            threading.Thread(
                target=_until_it_fails,
                args=(town, told, random.Random(seed * THREADS + at)),  # noqa: S311 - repeatable
            )
            for at in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _until_it_fails(town: Town, told: Acknowledged, chance: random.Random) -> None:
    try:
        live_a_life(town, told, chance)
    except BaseException:  # noqa: BLE001 - it ends the process, whatever it was
        traceback.print_exc()
        os._exit(1)  # Nothing may fail: a failure ends the process, and the test sees how.


def main() -> None:
    """Fork a writer for each seed."""
    log_as_json()  # To standard error: what is printed is for who kills.
    folder, told = Path(sys.argv[1]), Acknowledged(int(sys.argv[2]))
    fork_each(lambda line: write(folder, told, int(line)))


if __name__ == "__main__":
    main()
