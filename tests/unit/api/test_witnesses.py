"""Rounds to witnesses: when, of what, and what becomes of answers nobody expected."""

import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api.egress import Call, Egress, Reply
from api.publishing import Publisher
from api.watching import Watches, read_policy
from api.witnesses import LogWatch, Pace, Watched
from scripts.local.process import became
from scripts.witness.folder import Witness, make_witness
from storage.published import published_note
from tests.support.operations import a_change
from tests.support.ports import ORIGIN, Ports, open_ports
from vault.crypto.signing import SignatureType, SignerKey
from vault.errors import InvalidInputError, StorageError
from vault.journal.checkpoints import parse_checkpoint
from vault.journal.notes import parse_note
from vault.journal.publishing import SecondLines
from vault.journal.trust import Policy
from vault.journal.witnessing import SIZE_TYPE

SECOND = SignerKey(b"\x05" * 32, name=ORIGIN, algorithm=SignatureType.ML_DSA_44)


@dataclass(frozen=True)
class Scripted(Egress):
    """Hands calls to a witness in this process, unless a script answers."""

    witness: Witness = field(kw_only=True)
    script: list[Callable[[Call], Reply | None]] = field(default_factory=list, kw_only=True)
    calls: list[Call] = field(default_factory=list, kw_only=True)

    def post(self, call: Call) -> Reply:
        self.calls.append(call)
        answer = self.script.pop(0)(call) if self.script else None
        if answer is not None:
            return answer
        said = self.witness.add_checkpoint(call.body.decode())
        if said.size is None:
            return Reply(said.status, said.line.encode(), "text/plain")
        return Reply(said.status, f"{said.size}\n".encode(), SIZE_TYPE)


@dataclass
class Round:
    """A log in memory with one witness."""

    ports: Ports
    egress: Scripted
    watch: LogWatch
    stopped: list[str]

    def grow(self, count: int, *, start: int) -> None:
        for number in range(start, start + count):
            self.ports.journal.submit(a_change(number, space=None))

    @property
    def asked(self) -> list[str]:
        """The first line of each request."""
        return [call.body.decode().partition("\n")[0] for call in self.egress.calls]


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    with open_ports("memory", tmp_path) as found:
        yield found


@pytest.fixture
def round_(ports: Ports, tmp_path: Path) -> Iterator[Round]:
    key = make_witness(
        tmp_path / "w", name="witness.example/w", logs=[ports.verifier], random=bytes
    )
    policy = Policy.parse(f"witness w {key.encode()} https://w.example/\nquorum w\n")
    stopped = list[str]()
    with (
        Witness.opened(tmp_path / "w", clock=ports.clock) as witness,
        ThreadPoolExecutor(1) as pool,
    ):
        egress = Scripted(context=ssl.create_default_context(), witness=witness)
        watched = Watched(
            log_id=0,
            log=ports.log,
            policy=policy,
            egress=egress,
            seconds=SecondLines([SECOND], clock=ports.clock),
            read=ports.read,
            work=ports.work,
            clock=ports.clock,
            stop=stopped.append,
            pace=Pace(seconds=3600, entries=5),
        )
        yield Round(ports, egress, LogWatch(watched, pool=pool), stopped)


def size_says(size: int) -> Callable[[Call], Reply | None]:
    return lambda _call: Reply(409, f"{size}\n".encode(), SIZE_TYPE)


def test_a_new_witness_is_told_the_whole_and_then_what_was_added(round_: Round) -> None:
    round_.grow(3, start=0)
    round_.watch.round()
    round_.grow(2, start=3)
    round_.watch.round()

    assert round_.asked == ["old 0", "old 3"]
    assert round_.egress.calls[0].url == "https://w.example/add-checkpoint"
    newest = round_.watch.newest
    assert newest is not None
    assert parse_checkpoint(newest).size == 5
    assert len(parse_note(newest).lines) == 3


def test_a_witness_that_remembers_more_than_we_do_is_asked_again_from_there(
    round_: Round,
) -> None:
    round_.grow(3, start=0)
    round_.watch.round()
    with round_.ports.work() as tx:
        [quorum, one] = tx.witnesses.of_log(0)
    round_.watch._stands["w"] = type(one)(witness="w", size=0, note="", at_ms=0)  # noqa: SLF001 - as at a start without what was kept
    round_.grow(1, start=3)

    round_.watch.round()

    assert quorum.size == 3
    assert round_.asked == ["old 0", "old 0", "old 3"]
    assert round_.watch.troubles() == ()


def test_a_newer_head_that_another_process_has_shown_is_no_trouble(round_: Round) -> None:
    round_.grow(3, start=0)

    def meanwhile(_call: Call) -> Reply:
        round_.grow(2, start=3)
        return Reply(409, b"5\n", SIZE_TYPE)

    round_.egress.script.append(meanwhile)
    round_.watch.round()

    assert (round_.watch.troubles(), round_.stopped, round_.watch.newest) == ((), [], None)


def test_a_witness_that_has_seen_more_than_there_is_stops_the_log(round_: Round) -> None:
    round_.grow(3, start=0)
    round_.egress.script.append(size_says(4))

    round_.watch.round()

    assert round_.stopped == ["witness w has seen 4 entries, the database has 3: restored?"]
    assert round_.watch.ahead == round_.stopped[0]
    assert round_.watch.troubles() == ("w: it has seen 4 entries, more than the database has",)


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        ([size_says(1), size_says(2), size_says(1)], "it names another size each time"),
        ([size_says(0)], "it answers 409"),
        ([lambda _: Reply(200, b"", "text/plain")], "it signs something else than it was shown"),
        ([lambda _: Reply(200, b"no line\n", "")], "it signs something else than it was shown"),
        ([lambda _: Reply(409, b"x\n", SIZE_TYPE)], "it answers 409"),
        ([lambda _: Reply(409, b"9" * 16, SIZE_TYPE)], "it answers 409"),
    ],
)
def test_answers_that_nobody_expected_are_told(
    round_: Round, script: list[Callable[[Call], Reply | None]], trouble: str
) -> None:
    round_.grow(3, start=0)
    round_.egress.script.extend(script)

    round_.watch.round()

    assert round_.watch.troubles() == (f"w: {trouble}",)
    assert round_.stopped == []
    round_.watch.round()
    assert round_.watch.troubles() == ()


def test_who_waits_is_served_by_the_round_that_covers_the_entry(round_: Round) -> None:
    round_.grow(3, start=0)
    early, gone, later = (round_.watch.ask(size) for size in (2, 3, 4))
    gone.cancel()

    round_.watch.round()
    at_once = round_.watch.ask(3)

    assert early.result(0) == at_once.result(0) == round_.watch.newest
    assert not later.done()


def test_a_round_is_made_at_once_for_who_waits_and_after_enough_entries(round_: Round) -> None:
    thread = threading.Thread(target=round_.watch.run)
    thread.start()
    try:
        first = round_.watch.ask(0).result(10)
        round_.grow(5, start=0)
        grown = became(
            lambda: parse_checkpoint(round_.watch.newest or first).size == 5, seconds=10
        )
    finally:
        round_.watch.end()
        thread.join()

    assert (parse_checkpoint(first).size, grown) == (0, True)


def test_rounds_go_on_after_one_that_failed(round_: Round) -> None:
    def broken(_call: Call) -> Reply:
        raise ZeroDivisionError("a bug")

    def full(_call: Call) -> Reply:
        raise StorageError("no room")

    round_.egress.script.extend([broken, full])
    thread = threading.Thread(target=round_.watch.run)
    thread.start()
    try:
        found = round_.watch.ask(0).result(10)
    finally:
        round_.watch.end()
        thread.join()

    assert parse_checkpoint(found).size == 0


def test_what_is_shown_is_witnessed_while_it_is_fresh_and_never_goes_back(round_: Round) -> None:
    round_.grow(3, start=0)
    watches = Watches([round_.watch], groups=frozenset({"credit"}))
    head = round_.ports.log.checkpoint()
    before = watches.shown(0, head)
    round_.watch.round()
    round_.grow(2, start=3)

    shown = watches.shown(0, round_.ports.log.checkpoint())

    assert before == head
    assert shown == watches.newest(0) == watches.ask(0, 3).result(0)
    assert (watches.groups, watches.troubles()) == (frozenset({"credit"}), ())
    round_.watch._newest_at = -1000.0  # noqa: SLF001 - as if a minute had passed
    assert parse_checkpoint(watches.shown(0, round_.ports.log.checkpoint())).size == 5
    round_.watch._newest_at = float("inf")  # noqa: SLF001
    assert parse_checkpoint(watches.shown(0, round_.ports.log.checkpoint())).size == 5


W = SignerKey(b"\x07" * 32, name="w", algorithm=SignatureType.COSIGNATURE).verifier.encode()
LOG = SignerKey(b"\x08" * 32, name="log.example").verifier


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense\n", "cannot be used"),
        (f"log {SECOND.verifier.encode()}\nquorum none\n", "of another log"),
        (f"witness w {W}\nquorum w\n", "no https address"),
        (f"witness w {W} http://w.example\nquorum w\n", "no https address"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "policy").write_text(text)

    with pytest.raises(InvalidInputError, match=told):
        read_policy(tmp_path / "policy", logs=[LOG])
    with pytest.raises(InvalidInputError, match="cannot be used"):
        read_policy(tmp_path / "nowhere", logs=[LOG])


def test_a_published_checkpoint_never_gets_smaller_and_tells_of_a_loss(
    ports: Ports, tmp_path: Path
) -> None:
    stopped = list[tuple[int, str]]()

    def publisher() -> Publisher:
        return Publisher(
            [ports.log],
            folder=tmp_path / "published",
            shown=lambda _: notes[-1],
            stop=lambda log_id, reason: stopped.append((log_id, reason)),
        )

    notes = [ports.log.checkpoint()]
    for number in range(3):
        ports.journal.submit(a_change(number, space=None))
        notes.append(ports.log.checkpoint())
    place = tmp_path / "published" / "checkpoint"

    first = publisher()
    first.round()
    first.round()
    notes.pop()
    publisher().round()

    assert parse_checkpoint(published_note(place) or "").size == 3
    assert stopped == []  # An older head was shown, but the database has them all.
    place.write_text(place.read_text().replace("\n3\n", "\n9\n"))
    publisher().round()
    assert stopped == [(0, "9 entries were published, the database has 3: restored?")]
    assert place.stat().st_mode & 0o777 == 0o644


def test_what_cannot_be_published_is_said(ports: Ports, tmp_path: Path) -> None:
    (tmp_path / "published").write_text("a file")
    one = Publisher(
        [ports.log],
        folder=tmp_path / "published",
        shown=lambda _: ports.log.checkpoint(),
        stop=lambda _log_id, _reason: None,
    )

    with pytest.raises(StorageError, match="cannot be written"):
        one.round()
    (tmp_path / "published").unlink()
    (tmp_path / "published").mkdir()
    (tmp_path / "published/checkpoint").write_bytes(b"\xff")
    with pytest.raises(StorageError, match="not one of this log"):
        one.round()
    (tmp_path / "published/checkpoint").write_text("no checkpoint")
    with pytest.raises(StorageError, match="not one of this log"):
        one.round()
