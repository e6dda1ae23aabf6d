"""Rounds of the token endpoints: each after the bare server, from a process of its own."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from scripts.bench import bare
from scripts.bench.load import Measured, drive
from scripts.bench.proofs import plain_requests
from scripts.bench.rounds import BARE_TIMES, Round, apart, measured
from scripts.bench.servers import bare_server, vault_server
from scripts.bench.token_fixture import Form, TokenFixture
from scripts.serving import HOST

CREATED: Final = 201
OK: Final = 200

ROWS: Final = ("par", "code", "refresh", "introspect")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLoad:
    """What one round of each row sends.

    Attributes:
        connections: Kept alive, one request at a time on each.
        requests: Of each row in a round.
    """

    fixture: TokenFixture
    connections: int
    requests: int

    def bare(self, port: int) -> Measured:
        """Drive the bare server."""
        requests = plain_requests(bare.TARGET, host=HOST, count=BARE_TIMES * self.requests)
        return drive(requests, host=HOST, port=port, connections=self.connections)

    def row(self, name: str, number: int, port: int) -> Measured:
        """Drive one endpoint; assertions and proofs are made first, so that they do not count.

        Args:
            name: Of ``ROWS``.
            number: Of the round, from 0: a code is redeemed once.
            port: Of the vault.
        """
        sender = self.fixture.checker if name == "introspect" else self.fixture.client
        requests = sender.forms(_PATHS[name], self._forms(name, number), now=int(time.time()))
        return drive(
            requests,
            host=HOST,
            port=port,
            connections=self.connections,
            status=CREATED if name == "par" else OK,
        )

    def _forms(self, name: str, number: int) -> Sequence[Form]:
        found, first = self.fixture, number * self.requests
        if name == "code":
            return [found.redemption(one) for one in found.codes[first : first + self.requests]]
        same = {"par": found.push, "refresh": found.refresh, "introspect": found.introspection}
        return [same[name]] * self.requests


_PATHS: Final = {
    "par": "/oauth/par",
    "code": "/oauth/token",
    "refresh": "/oauth/token",
    "introspect": "/oauth/introspect",
}


def token_rounds(
    load: TokenLoad, folder: Path, *, count: int, track: Callable[[Sequence[int]], Iterable[int]]
) -> Mapping[str, Sequence[Round]]:
    """Return ``count`` rounds of the unit and of each row; one before them warms up.

    Args:
        load: What is sent.
        folder: Of the deployment.
        count: Rounds that are kept.
        track: Shows how far it is.
    """
    found: dict[str, list[Round]] = {name: [] for name in ("bare", *ROWS)}
    with (
        bare_server(folder) as unit,
        vault_server(load.fixture.settings, folder) as vault,
        apart() as pool,
    ):
        for number in track(range(count + 1)):
            found["bare"].append(measured(pool, load.bare, on=unit))
            for name in ROWS:
                found[name].append(measured(pool, partial(load.row, name, number), on=vault))
    return {name: rounds[1:] for name, rounds in found.items()}
