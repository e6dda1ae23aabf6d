"""Mixed traffic of departments' systems before a served vault, for as long as one likes.

Each worker is a system of its own pace: most of what it does is using a token, as in a city;
between that it fetches tokens, pushes requests that nobody answers, plays the whole flow, and
sends what must be refused. Whatever is answered is counted, and what a token check takes is kept.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

import requests

from tests.support.crowd import Crowd, Shot
from tests.support.served import CODE, Served

WORKERS: Final = 4
CHECKS_A_TURN: Final = 8
"""Uses of a token between two other things."""
ITEMS: Final = "/v1/items"
SPENT_BY_FORM: Final = 2
"""An assertion and a proof."""


@dataclass
class Soaked:
    """What came of it.

    Attributes:
        told: Operation and answer, and how often.
        checks: Seconds that each use of a token took, with its connection.
        spent: When things were sent that may be used once, and how many.
        signing_in: One at a time, for the newest code in the file is its own.
    """

    told: Counter[str] = field(default_factory=Counter)
    checks: list[float] = field(default_factory=list)
    spent: list[tuple[float, int]] = field(default_factory=list)
    signing_in: Lock = field(default_factory=Lock)
    _lock: Lock = field(default_factory=Lock)

    def tell(self, name: str, answer: requests.Response, *, spent: int) -> None:
        """Count one answer."""
        with self._lock:
            self.told[f"{name} {answer.status_code} {_error(answer)}".strip()] += 1
            self.spent.append((time.monotonic(), spent))

    def check(self, seconds: float) -> None:
        """Keep what one use of a token took."""
        with self._lock:
            self.checks.append(seconds)

    def spent_in(self, seconds: float) -> int:
        """Return how many things were spent in the last ``seconds``."""
        since = time.monotonic() - seconds
        return sum(many for at, many in self.spent if at >= since)

    def percentile(self, part: float) -> float:
        """Return how many milliseconds that part of the checks took at most."""
        ordered = sorted(self.checks)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def __str__(self) -> str:
        """Return it for a report."""
        told = "\n".join(f"  {times:>8} {what}" for what, times in sorted(self.told.items()))
        p50, p99 = self.percentile(0.5), self.percentile(0.99)
        return f"token check: {len(self.checks)} times, p50 {p50:.1f} ms, p99 {p99:.1f} ms\n{told}"


def soak(server: Served, *, seconds: float) -> Soaked:
    """Keep a server busy for ``seconds``; return what it answered."""
    soaked, until = Soaked(), time.monotonic() + seconds
    with ThreadPoolExecutor(WORKERS) as pool:
        workers = [_Worker(Crowd.of(server), soaked) for _ in range(WORKERS)]
        for future in [pool.submit(worker.work, until=until) for worker in workers]:
            future.result()
    return soaked


@dataclass
class _Worker:
    crowd: Crowd
    soaked: Soaked
    token: str = ""

    def work(self, *, until: float) -> None:
        turns: tuple[Callable[[], None], ...] = (
            self.fetch,
            self.replay,
            self.fetch,
            self.push,
            self.fetch,
            self.forge,
            self.fetch,
            self.flow,
        )
        while True:  # Each has its turn, however short the time.
            for turn in turns:
                turn()
                self.use()
            if time.monotonic() > until:
                return

    def form(self, name: str, shot: Shot) -> requests.Response:
        answer = self.crowd.send(shot)
        self.soaked.tell(name, answer, spent=SPENT_BY_FORM)
        return answer

    def credentials(self, **same: str) -> Shot:
        form = {"grant_type": "client_credentials", "scope": "registry:read"}
        return self.crowd.form("/oauth/token", form, **same)

    def fetch(self) -> None:
        self.token = self.form("token", self.credentials()).json()["access_token"]

    def replay(self) -> None:
        same = self.crowd.assertion()
        self.form("token", self.credentials(assertion=same))
        self.form("the same assertion", self.credentials(assertion=same))

    def forge(self) -> None:
        head, body, _ = self.crowd.assertion().split(".")
        self.form("a forged assertion", self.credentials(assertion=f"{head}.{body}.{'A' * 86}"))

    def push(self) -> None:
        self.form("half a request", self.crowd.form("/oauth/par", {"scope": "everything"}))

    def flow(self) -> None:
        """Let somebody consent, redeem the code, pull twice with one proof, redeem again."""
        with self.soaked.signing_in:
            code = self.crowd.callback()
        answer = self.form("code", self.crowd.redemption(code))
        token = answer.json()["access_token"]
        path = f"/v1/evidence/{CODE}"
        same = self._with(token, path)
        for name in ("pull", "the same proof"):
            self.get(name, Shot(method="GET", path=f"{path}?view=full", headers=same))
        self.form("the same code", self.crowd.redemption(code))
        self.get(
            "a token that ended by it",
            Shot(method="GET", path=path, headers=self._with(token, path)),
        )

    def use(self) -> None:
        for _ in range(CHECKS_A_TURN):
            shot = Shot(method="GET", path=ITEMS, headers=self._with(self.token, ITEMS))
            since = time.perf_counter()
            self.get("token check", shot)
            self.soaked.check(time.perf_counter() - since)

    def get(self, name: str, shot: Shot) -> None:
        self.soaked.tell(name, self.crowd.send(shot), spent=1)

    def _with(self, token: str, path: str) -> Mapping[str, str]:
        proof = self.crowd.proof("GET", path, token=token)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}


def _error(answer: requests.Response) -> str:
    challenge = answer.headers.get("WWW-Authenticate", "")
    if 'error="' in challenge:
        return challenge.partition('error="')[2].partition('"')[0]
    try:
        said = json.loads(answer.content)
    except ValueError:
        return ""
    return str(said.get("error", "")) if isinstance(said, dict) else ""
