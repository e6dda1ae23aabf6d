"""A log and its witnesses together: real witness processes, and some that lie."""

import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api.egress_settings import EgressSettings
from api.wiring import wire
from api.witness_settings import WitnessSettings
from scripts.local.process import became
from tests.support.http_world import HttpWorld, open_world, settings_below
from tests.support.tls_server import Answer, TlsServer, says, tls_server
from tests.support.witnesses import HOST, Witnesses, witnesses
from vault.crypto.signing import SignatureType, SignerKey, VerifierKey
from vault.errors import LogFrozenError
from vault.journal.checkpoints import Checkpoint, parse_checkpoint
from vault.journal.notes import cosignature, verify_note
from vault.journal.receipts import verify_receipt
from vault.journal.trust import Policy
from vault.journal.witnessing import SIZE_TYPE, Submission
from vault.ports.witnesses import QUORUM
from vault.services.log_keys import verifier_keys

pytestmark = pytest.mark.slow


def log_keys(folder: Path) -> tuple[VerifierKey, ...]:
    """Found a deployment below ``folder``; return the keys of its log."""
    with wire(settings_below(folder)) as wired:
        return tuple(map(VerifierKey.parse, verifier_keys(wired.vault, wired.vault.logs[0])))


class Watched:
    """A deployment, and the witnesses that its policy names."""

    honest: Witnesses
    liar: TlsServer

    def __init__(self, folder: Path, found: Witnesses, policy: str) -> None:
        self.folder, self.witnesses = folder, found
        self.file = folder / "policy"
        self.file.write_text(policy)

    @property
    def policy(self) -> Policy:
        return Policy.parse(self.file.read_text())

    @contextmanager
    def open(self) -> Iterator[HttpWorld]:
        """Serve; evidence about identity leaves only witnessed."""
        with open_world(
            self.folder,
            witnesses=WitnessSettings(policy_file=self.file, groups="identity", every_seconds=1),
            egress=EgressSettings(
                networks=f"{HOST}/32",
                ports=self.witnesses.settings["EGRESS__PORTS"],
                ca_file=self.witnesses.ca_file,
            ),
        ) as world:
            yield world


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Return a deployment with three witnesses, two of which have to sign."""
    keys = log_keys(tmp_path)
    with witnesses(tmp_path / "witnesses", count=3, logs=keys[:1]) as found:
        yield Watched(tmp_path, found, found.policy(*keys, quorum=2))


def troubles(world: HttpWorld) -> list[str]:
    return sorted(world.http.get("/readyz").text.splitlines()[1:])


def test_what_has_to_be_witnessed_leaves_with_the_lines_of_a_quorum(watched: Watched) -> None:
    with watched.open() as world:
        person, _ = world.settled()
        token, _ = world.granted(person)

        whole = world.market.pull(token).json()
        checked = world.market.pull(token, view="verify").json()

        seen = verify_receipt(whole["receipt"]["text"], watched.policy).witnesses
        assert len(seen) >= 2
        assert whole["fields"]["name"] == person.name
        assert checked["receipt"]["text"].count("\u2014") == 1  # It waits for nobody.
        shown = world.http.get("/log/checkpoint").text
        keys = (*watched.policy.logs, *watched.policy.witnesses.values())
        assert len(verify_note(shown, keys=keys).signed_by) >= 4  # Both lines of the log, and two.
        again = world.market.get(
            f"/v1/receipts/{whole['receipt']['entry_id']}", token=world.market.token()
        ).json()
        assert len(verify_receipt(again["receipt"]["text"], watched.policy).witnesses) >= 2
        assert troubles(world) == []


def test_two_of_three_are_enough_and_one_is_not(watched: Watched) -> None:
    first, second, _ = watched.witnesses.each
    with watched.open() as world, capture_logs() as told:
        person, _ = world.settled()
        token, _ = world.granted(person)

        first.stop()
        with_one_down = world.market.pull(token)
        down = became(lambda: troubles(world) != [], seconds=10) and troubles(world)
        second.stop()
        before, since = world.vault.logs[0].size(), time.monotonic()
        refused = world.market.pull(token)
        took = time.monotonic() - since
        after = world.vault.logs[0].size()
        other = world.market.pull(token, view="summary")
        first.start()
        recovered = world.market.pull(token)
        good = became(lambda: len(troubles(world)) == 1, seconds=10)

        assert with_one_down.status_code == 200
        assert down == ["witness w1: nobody answered as it should be"]
        assert (refused.status_code, refused.json()["type"]) == (
            503,
            "urn:myspace:problem:not-witnessed",
        )
        assert "fields" not in refused.json()
        assert refused.headers["retry-after"] == "2"
        assert 0.9 < took < 5
        assert after == before + 1  # It is in the log, and nothing left.
        assert (other.status_code, recovered.status_code, good) == (200, 200, True)
    events = [(one["event"], one.get("witness")) for one in told if "witness" in one]
    assert ("a witness does not sign", "w1") in events
    assert ("a witness signs again", "w1") in events


def test_what_witnesses_signed_is_kept_and_taken_up_again(watched: Watched) -> None:
    with watched.open() as world:
        became(
            lambda: world.vault.watch is not None and bool(world.vault.watch.newest(0)), seconds=5
        )
        world.settled()
    with wire(settings_below(watched.folder)) as wired, wired.vault.read() as tx:
        kept = {one.witness: one for one in tx.witnesses.of_log(0)}

    assert set(kept) == {QUORUM, "w1", "w2", "w3"}
    for name in ("w1", "w2", "w3"):
        key = watched.policy.witnesses[name]
        assert verify_note(kept[name].note, keys=[key]).signed_by == (key,)
        assert parse_checkpoint(kept[name].note).size == kept[name].size
    assert watched.policy.satisfied(
        {n for n, k in watched.policy.witnesses.items() if k.name in kept[QUORUM].note}
    )


def test_a_database_that_is_older_than_what_witnesses_saw_is_not_served(watched: Watched) -> None:
    settings = settings_below(watched.folder)
    older = settings.database.read_bytes()
    with watched.open() as world:
        person, _ = world.settled()
        token, _ = world.granted(person)
        assert world.market.pull(token).status_code == 200
        size = world.vault.logs[0].size()
    settings.database.write_bytes(older)
    for path in (*settings.state.glob("journal*.json"), *settings.publishes_to.iterdir()):
        path.unlink()

    told = r"w[123] has seen \d+ entries, the database has \d+"
    with pytest.raises(LogFrozenError, match=told), watched.open():
        pass

    assert size > 2
    watched.file.write_text(
        re.sub("(?m)^(witness|group).*\n", "", watched.file.read_text()).replace(
            "quorum all-of-them", "quorum none"
        )
    )
    with watched.open() as world:  # The operator may disbelieve them; nothing was written down.
        assert world.http.get("/readyz").status_code == 200


# -- witnesses that lie ------------------------------------------------------------------------


LIAR = SignerKey(b"\x66" * 32, name="witness.example/liar", algorithm=SignatureType.COSIGNATURE)


def signs_another_root(request: bytes, connection: ssl.SSLSocket) -> None:
    asked = parse_checkpoint(Submission.parse(request.partition(b"\r\n\r\n")[2].decode()).note)
    other = Checkpoint(origin=asked.origin, size=asked.size + 1, root=b"\x66" * 32)
    line = cosignature(other.to_text(), signer=LIAR, time=int(time.time()))
    says("200 OK", body=line.to_text().encode())(request, connection)


def signs_as_somebody_else(request: bytes, connection: ssl.SSLSocket) -> None:
    asked = parse_checkpoint(Submission.parse(request.partition(b"\r\n\r\n")[2].decode()).note)
    stranger = SignerKey(b"\x67" * 32, name=LIAR.verifier.name, algorithm=SignatureType(4))
    line = cosignature(asked.to_text(), signer=stranger, time=int(time.time()))
    says("200 OK", body=line.to_text().encode())(request, connection)


@contextmanager
def with_a_liar(folder: Path, answer: Answer) -> Iterator[Watched]:
    """Give a deployment two honest witnesses and one that answers as told."""
    keys = log_keys(folder)
    with ExitStack() as stack:
        found = stack.enter_context(witnesses(folder / "witnesses", count=2, logs=keys[:1]))
        (folder / "liar").mkdir()
        liar = stack.enter_context(tls_server(folder / "liar", name=HOST))
        liar.answer = answer
        watched = Watched(folder, found, "")
        both = folder / "authorities.pem"
        both.write_bytes(found.ca_file.read_bytes() + liar.ca_file.read_bytes())
        watched.file.write_text(
            "".join(one.line for one in found.each)
            + f"witness liar {LIAR.verifier.encode()} https://{HOST}:{liar.port}\n"
            + "group g 2 w1 w2 liar\nquorum g\n"
        )
        ports = f"{found.settings['EGRESS__PORTS']},{liar.port}"
        watched.witnesses = Liars(both, ports)
        watched.honest, watched.liar = found, liar
        yield watched


class Liars(Witnesses):
    """How all are reached, with the liar."""

    def __init__(self, ca_file: Path, ports: str) -> None:
        super().__init__(ca_file)
        self._ports = ports

    @property
    def settings(self) -> dict[str, str]:
        return {"EGRESS__PORTS": self._ports}


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (signs_another_root, "it signs something else than it was shown"),
        (signs_as_somebody_else, "it signs something else than it was shown"),
        (says("200 OK", body=b"\xff"), "it signs something else than it was shown"),
        (says("404 Not Found"), "it answers 404"),
        (says("409 Conflict", "Content-Type: text/plain", body=b"99\n"), "it answers 409"),
        (says("409 Conflict", f"Content-Type: {SIZE_TYPE}", body=b"-1\n"), "it answers 409"),
        (says("422 Unprocessable Entity"), "it answers 422"),
    ],
)
def test_a_witness_that_disagrees_is_told_and_counts_for_nothing(
    tmp_path: Path, answer: Callable[..., None], trouble: str
) -> None:
    with with_a_liar(tmp_path, answer) as watched, watched.open() as world:
        person, _ = world.settled()
        token, _ = world.granted(person)

        with_both = world.market.pull(token)
        told = troubles(world)
        watched.honest.each[0].stop()
        with_one = world.market.pull(token)

        assert with_both.status_code == 200
        assert verify_receipt(
            with_both.json()["receipt"]["text"], _with_logs(world, watched)
        ).witnesses == {
            "w1",
            "w2",
        }
        assert told == [f"witness liar: {trouble}"]
        assert with_one.json()["type"] == "urn:myspace:problem:not-witnessed"


def _with_logs(world: HttpWorld, watched: Watched) -> Policy:
    logs = "".join(f"log {key}\n" for key in verifier_keys(world.vault, world.vault.logs[0]))
    return Policy.parse(logs + watched.file.read_text())


def test_a_witness_that_claims_to_have_seen_more_stops_the_log_until_a_restart(
    tmp_path: Path,
) -> None:
    """Whether it lies, or the database was put back, only a person can tell."""
    with with_a_liar(tmp_path, says("404 Not Found")) as watched:
        claims = says("409 Conflict", f"Content-Type: {SIZE_TYPE}", body=b"1000000\n")
        with watched.open() as world:
            person, _ = world.settled()
            token, _ = world.granted(person)
            assert world.market.pull(token).status_code == 200
            watched.liar.answer = claims
            stopped = became(lambda: world.http.get("/readyz").status_code == 503, seconds=10)
            size = world.vault.logs[0].size()
            refused = world.market.pull(token, view="verify")
            told = world.http.get("/readyz").text

            assert stopped
            assert (refused.status_code, refused.json()["type"]) == (
                503,
                "urn:myspace:problem:log-frozen",
            )
            assert world.vault.logs[0].size() == size
            assert "witness liar: it has seen 1000000 entries" in told
        told = "witness liar has seen 1000000 entries"
        with pytest.raises(LogFrozenError, match=told), watched.open():
            pass
