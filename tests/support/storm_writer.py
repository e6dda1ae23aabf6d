"""Appends to the journal with many threads until it is killed.

``python -m tests.support.storm_writer FOLDER FD``, as ``tests.support.writers`` runs it. Each
line is an ``Order``; what was acknowledged is written to the descriptor, a line of JSON each.
"""

import json
import os
import random
import sys
import threading
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from policies.requests import AccessRequest, Action
from scripts.serving import log_as_json
from tests.support.founding import open_vault
from tests.support.nursery import fork_each
from tests.support.town import Town
from vault.crypto.keyring import HOLDERS_ACTOR_ID
from vault.errors import JournalUnavailableError, OutcomeUnknownError
from vault.ids import Space
from vault.journal.entries import Basis, By, Kind, RequestTrace
from vault.journal.operations import Committed, Decided, Disclosure
from vault.journal.sealing import EntryKeys
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft
from vault.services.entry_keys import entry_keys

HOLDERS: Final = 8
"""Fewer than writers, so that all processes number the entries of the same people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a process is to do.

    Attributes:
        left: How many entries each of its writers still has to be acknowledged.
    """

    seed: int
    left: dict[int, int]

    def to_line(self) -> str:
        """Return it as a line of JSON, without the end of the line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str, /) -> Self:
        """Return what ``to_line`` made."""
        found = json.loads(line)
        left = {int(writer): count for writer, count in found["left"].items()}
        return cls(seed=found["seed"], left=left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody whose entries are written, with keys at hand: the journal is what is tried."""

    space: Space
    keys: EntryKeys
    decided: Decided


class Storm:
    """The writers of one process."""

    def __init__(self, vault: Vault, *, descriptor: int) -> None:
        """Write into ``vault`` for the people who have a space; tell ``descriptor``."""
        self._vault, self._descriptor = vault, descriptor
        town = Town(vault)
        spaces = [town.space(person) for person in range(HOLDERS)]
        with vault.read() as tx:
            self._holders = [_holder(tx, vault, space) for space in spaces]

    def tell(self, kind: str, **more: object) -> None:
        """Tell in one write, so that no line is torn: none is as long as a pipe's atom."""
        os.write(self._descriptor, json.dumps({"kind": kind, **more}).encode() + b"\n")

    def write(self, writer: int, *, left: int, chance: random.Random) -> None:
        """Append until ``left`` entries are acknowledged; ask again after a 503, as clients do."""
        while left:
            operation = self._operation(chance.choice(self._holders))
            try:
                done = self._vault.journal.submit(operation)
            except JournalUnavailableError as error:
                self.tell(
                    "unavailable",
                    entry=operation.entry_id.hex(),
                    open=isinstance(error, OutcomeUnknownError),
                )
                continue
            if not isinstance(done, Committed):
                raise TypeError("an entry was refused")
            _origin, size, root, _rest = done.receipt.checkpoint.split("\n", 3)
            self.tell(
                "entry",
                writer=writer,
                index=done.index,
                entry=done.entry_id.hex(),
                size=int(size),
                root=root,
            )
            left -= 1

    def _operation(self, holder: Holder) -> Disclosure:
        draft = Draft(
            entry_id=new_entry_id(self._vault.random),
            kind=Kind.OWN_EXPORT,
            basis=Basis.OWN,
            by=By(member="self"),
            trace=RequestTrace(network="192.0.2.0/24"),
        )
        return Disclosure(
            log_id=holder.space.log_id,
            space=holder.space,
            actor_id=HOLDERS_ACTOR_ID,
            entry_id=draft.entry_id,
            keys=holder.keys,
            decided=holder.decided,
            decide=_decided,
            entry=draft.entry,
            quota_id=self._vault.random(16),
        )


def live(folder: Path, *, descriptor: int, order: Order) -> None:
    """Carry an order out, then wait to be killed: nobody here closes anything."""
    with open_vault(folder) as vault:
        storm = Storm(vault, descriptor=descriptor)
        storm.tell("ready")
        threads = [
            threading.Thread(
                target=_until_it_fails,
                args=(storm, writer, left, random.Random(f"{order.seed} {writer}")),  # noqa: S311 - repeatable
            )
            for writer, left in order.left.items()
        ]
        for thread in threads:
            thread.start()
        threading.Event().wait()


def _until_it_fails(storm: Storm, writer: int, left: int, chance: random.Random) -> None:
    try:
        storm.write(writer, left=left, chance=chance)
    except BaseException:  # noqa: BLE001 - it ends the process, whatever it was
        traceback.print_exc()
        os._exit(1)


def _holder(tx: Tx, vault: Vault, space: Space) -> Holder:
    return Holder(
        space=space,
        keys=entry_keys(tx, keyring=vault.keyring, space=space, actor_id=HOLDERS_ACTOR_ID),
        decided=_decided(tx, vault.clock.now_ms()),
    )


def _decided(tx: Tx, at_ms: int) -> Decided:
    return Asking(tx, now_ms=at_ms).decided(AccessRequest(action=Action.SYSTEM))


def main() -> None:
    """Fork a process for each order."""
    log_as_json()  # To standard error: what is printed is for who kills.
    folder, descriptor = Path(sys.argv[1]), int(sys.argv[2])
    fork_each(lambda line: live(folder, descriptor=descriptor, order=Order.from_line(line)))


if __name__ == "__main__":
    main()
