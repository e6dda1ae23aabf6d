"""Two servers behind a proxy: either may leave, both tell how they are (test_script plays)."""

import http.client
import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
import requests

from scripts.demo_browser import StoryError
from scripts.demo_clients import read_clients
from scripts.demo_department import DepartmentSystem
from scripts.demo_people import people
from scripts.local.cluster import Api, Cluster
from scripts.local.process import HOST, became
from tests.support.served import ITEM, REQUESTER

SECONDS = 30
CALLERS = 6
ENOUGH = 10
TRIED_AGAIN_SECONDS = 1.5
"""The proxy looks for one that it could not reach again after a second."""

pytestmark = pytest.mark.slow
_numbers = itertools.count()


@dataclass
class Load:
    """What departments did meanwhile.

    Attributes:
        done: Cases that were opened, and public pages that were read.
        failed: What any of them was told instead.
    """

    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def goes_on(self) -> None:
        """Wait until a good deal more has been done, by every kind of request."""
        before = self.done.copy()
        assert became(
            lambda: min((self.done - before).get(kind, 0) for kind in ("case", "page")) >= ENOUGH,
            seconds=SECONDS,
        ), self.failed


@contextmanager
def under_load(cluster: Cluster) -> Iterator[Load]:
    """Let departments write and read through the proxy while the block runs."""
    load, over = Load(), threading.Event()
    client = read_clients(cluster.data / "demo")[REQUESTER]

    def call() -> None:
        system = DepartmentSystem(client, origin=cluster.nginx.origin)
        with requests.Session() as session:
            while not over.is_set():
                try:
                    system.open_case(
                        people()["citizen"], item=ITEM, request_id=f"load-{next(_numbers)}"
                    )
                    load.done["case"] += 1
                    page = session.get(f"{cluster.nginx.origin}/log/checkpoint", timeout=SECONDS)
                    page.raise_for_status()
                    load.done["page"] += 1
                except (StoryError, requests.RequestException) as error:
                    load.failed.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def started_again(one: Api) -> Iterator[None]:
    """Start a server again at the end of the block, and let the proxy find it."""
    try:
        yield
    finally:
        one.start()
        one.wait()
        time.sleep(TRIED_AGAIN_SECONDS)


@contextmanager
def still_there(one: Api) -> Iterator[Callable[[str], tuple[int, str | None]]]:
    """Hold a connection past the proxy; ask on it for the status and what becomes of it."""
    connection = http.client.HTTPConnection(HOST, one.port, timeout=SECONDS)

    def asked(path: str) -> tuple[int, str | None]:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Connection")

    try:
        yield asked
    finally:
        connection.close()


def is_closed(one: Api) -> bool:
    return one.asked("/healthz") == 0


def states(cluster: Cluster, path: str) -> set[int]:
    """Return what the servers say of themselves, past the proxy."""
    return {one.asked(path) for one in cluster.servers}


def test_servers_are_replaced_one_after_the_other_and_no_request_fails(cluster: Cluster) -> None:
    """Who leaves takes nobody in, is not ready, and says good-bye to those who are there."""
    told, statuses = [], []

    with under_load(cluster) as load:
        for one in cluster.servers:
            with started_again(one), still_there(one) as asked:
                told.append(asked("/readyz"))
                one.send(signal.SIGTERM)
                assert became(partial(is_closed, one), seconds=SECONDS)
                told.append(asked("/readyz"))
                statuses.append(one.stop())
                load.goes_on()

    assert load.failed == []
    assert told == [(200, None), (503, "close")] * 2
    assert statuses == [0, 0]


def test_when_one_is_killed_the_other_serves(cluster: Cluster) -> None:
    first, second = cluster.servers

    with under_load(cluster) as load, started_again(first):
        load.goes_on()
        first.stop(signal.SIGKILL)
        load.goes_on()
        alone = (first.asked("/healthz"), second.asked("/readyz"))

    assert alone == (0, 200)
    assert len(load.failed) <= CALLERS  # What it was just doing; nothing that came later.
    assert cluster.myspace("journal", "verify") == 0


def test_without_a_database_nobody_is_ready_and_everybody_is_alive(cluster: Cluster) -> None:
    cluster.postgresql.stop("immediate")
    try:
        unready = became(lambda: states(cluster, "/readyz") == {503}, seconds=SECONDS)
        alive = states(cluster, "/healthz")
    finally:
        cluster.postgresql.start()
    again = became(lambda: states(cluster, "/readyz") == {200}, seconds=SECONDS)
    with under_load(cluster) as load:
        load.goes_on()

    assert (unready, alive, again) == (True, {200}, True)
    assert len(load.failed) <= CALLERS  # Those that met a connection from before: "try again".


def test_a_database_that_only_keeps_silent_is_noticed_and_nobody_hangs(cluster: Cluster) -> None:
    backends = cluster.postgresql.backends()
    for one in backends:
        cluster.postgresql.pause(one.pid)
    try:
        unready = became(lambda: states(cluster, "/readyz") == {503}, seconds=SECONDS)
        alive = states(cluster, "/healthz")
    finally:
        for one in backends:
            cluster.postgresql.resume(one.pid)
    again = became(lambda: states(cluster, "/readyz") == {200}, seconds=SECONDS)

    assert (unready, alive, again) == (True, {200}, True)
