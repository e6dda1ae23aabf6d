"""Real witnesses, each a process of its own with TLS, on free ports of this machine."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api.egress import Call, Egress, Reply
from scripts.local.process import MYSPACE, Process, free_port
from scripts.witness.folder import make_witness
from tests.support.tls_server import certificates
from vault.crypto.signing import SignerKey, VerifierKey
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.merkle import Frontier, consistency_path, leaf_hash
from vault.journal.witnessing import Submission

HOST = "127.0.0.1"
_ADDRESS = re.compile(r"https://127\.0\.0\.1:[0-9]+")


@dataclass
class WitnessProcess:
    """A witness whose process can be stopped, killed and started again at its place."""

    folder: Path
    port: int
    tls: Path
    key: VerifierKey
    process: Process | None = None

    @property
    def url(self) -> str:
        """Return its submission prefix."""
        return f"https://{HOST}:{self.port}"

    @property
    def line(self) -> str:
        """Return its line of a policy file, under the last part of its name."""
        return f"witness {self.key.name.rpartition('/')[2]} {self.key.encode()} {self.url}\n"

    def command(self) -> list[str | Path]:
        """Return what starts it."""
        return [
            *(*MYSPACE, "witness", "serve", self.folder, "--port", str(self.port)),
            *("--certificate", self.tls / "chain.pem", "--private-key", self.tls / "key.pem"),
        ]

    def start(self) -> None:
        """Start it, and wait until it listens."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        process = Process.start(self.command(), name="witness", log=log)
        self.process = process
        process.wait_until(lambda: bool(_ADDRESS.search(log.read_text("utf-8"))))

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.process is not None:
            self.process.stop()
            self.process = None


@dataclass
class Witnesses:
    """Several witnesses, and how they are reached."""

    ca_file: Path
    each: list[WitnessProcess] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings, without their prefix, by which a server may call them."""
        return {
            "EGRESS__NETWORKS": f"{HOST}/32",
            "EGRESS__PORTS": ",".join(str(one.port) for one in self.each),
            "EGRESS__CA_FILE": str(self.ca_file),
        }

    def egress(self) -> Egress:
        """Return a guard that may call them."""
        return Egress.of(
            networks=self.settings["EGRESS__NETWORKS"],
            ports=self.settings["EGRESS__PORTS"],
            ca_file=self.ca_file,
        )

    def policy(self, *logs: VerifierKey, quorum: int) -> str:
        """Return a policy file that asks for ``quorum`` of them."""
        names = " ".join(one.key.name.rpartition("/")[2] for one in self.each)
        return (
            "".join(f"log {log.encode()}\n" for log in logs)
            + "".join(one.line for one in self.each)
            + f"group all-of-them {quorum} {names}\nquorum all-of-them\n"
        )


@contextmanager
def witnesses(folder: Path, *, count: int, logs: tuple[VerifierKey, ...]) -> Iterator[Witnesses]:
    """Run ``count`` witnesses of ``logs`` while the block runs."""
    tls = folder / "tls"
    tls.mkdir(parents=True)
    ca_file, _, _ = certificates(tls, name=HOST)
    found = Witnesses(ca_file)
    try:
        for number in range(1, count + 1):
            place = folder / f"w{number}"
            key = make_witness(
                place,
                name=f"witness.example/w{number}",
                logs=logs,
                random=os.urandom,
            )
            one = WitnessProcess(folder=place, port=free_port(), tls=tls, key=key)
            found.each.append(one)
            one.start()
        yield found
    finally:
        for one in found.each:
            one.stop()


@dataclass(frozen=True)
class SmallLog:
    """A log whose leaves are numbers; ``of`` tells two histories apart."""

    signer: SignerKey
    of: str = "ours"

    def head(self, size: int) -> Checkpoint:
        """Return its head when it had ``size`` leaves."""
        root = Frontier().extend(self._leaves(size)).root()
        return Checkpoint(origin=self.signer.verifier.name, size=size, root=root)

    def note(self, size: int) -> str:
        """Return that head, signed."""
        return sign_checkpoint(self.head(size), signer=self.signer)

    def asking(self, old: int, new: int) -> str:
        """Return a request to a witness."""
        hashes = self._leaves(new)

        def node(level: int, index: int) -> bytes:
            return Frontier().extend(hashes[index << level : (index + 1) << level]).root()

        proof = consistency_path(old, new, node) if old <= new else ()
        return Submission(old=old, proof=proof, note=self.note(new)).to_text()

    def _leaves(self, size: int) -> list[bytes]:
        return [leaf_hash(f"{self.of} {number}".encode()) for number in range(size)]


def ask(egress: Egress, url: str, text: str) -> Reply:
    """Ask a witness."""
    call = Call(url=f"{url}/add-checkpoint", body=text.encode(), media_type="text/plain")
    return egress.post(call)
