"""A town whose database is on a server, for several processes."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.local.postgresql import Postgresql
from scripts.verifying import verify_all
from tests.support.founding import found_town, open_vault, put_on
from tests.support.on_disk import entries, holes, opened
from tests.support.postgres import server_for_tests
from tests.support.second_process import Line, Said, SecondProcess, second_process
from tests.support.town import Town
from vault.journal.entries import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTown:
    """A town that is founded and that nobody serves yet; the server keeps what it commits."""

    folder: Path
    server: Postgresql

    @contextmanager
    def serving(self) -> Iterator[Town]:
        """Serve it in this process while the block runs."""
        with open_vault(self.folder) as vault:
            yield Town(vault)

    @contextmanager
    def processes(self, *threads: int) -> Iterator[tuple[SecondProcess, ...]]:
        """Serve it in so many other processes, each with so many threads."""
        with ExitStack() as stack:
            yield tuple(
                stack.enter_context(second_process(self.folder, threads=count))
                for count in threads
            )

    def wrong(self) -> list[str]:
        """Verify all logs; return what is wrong with them, and their holes."""
        with opened(self.folder) as found:
            verified = verify_all(found, progress=lambda _done, _size: None)
            return [*map(str, verified.findings), *holes(found)]

    def permitted(self, kind: Kind) -> int:
        """Count what the one log says was permitted."""
        with opened(self.folder) as found:
            told = entries(found).values()
        return sum(one.kind is kind for one in told)


@contextmanager
def shared_town(folder: Path, *, logs: int = 1) -> Iterator[SharedTown]:
    """Found a town on a server of its own, on which a commit is one."""
    with server_for_tests(settings={"fsync": True}) as server:
        put_on(folder, address=server.address(), password_file=server.password_file, logs=logs)
        found_town(folder)
        yield SharedTown(folder=folder, server=server)


def at_once(lines: Sequence[Line], act: str, *values: object) -> list[Said]:
    """Let all lines do the same at the same moment."""
    for line in lines:
        line.begin(act, *values)
    return [line.end() for line in lines]


@contextmanager
def meanwhile(*acts: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """Let ``acts`` run beside the block, each in a thread, until the block ends.

    Raises:
        BaseException: What one of them raised.
    """
    over, failures = threading.Event(), list[BaseException]()

    def run(act: Callable[[threading.Event], None]) -> None:
        try:
            act(over)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield over
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
