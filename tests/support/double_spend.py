"""What may be spent once, spent by 64 requests at the same moment, round after round.

Each kind of thing is an entry of ``SPENDINGS``: how many requests that all spend one new thing
are made, what the one is told that wins, and what all others are told. A new kind is one more
entry; ``tally`` runs its rounds.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.support.crowd import Crowd, Shot
from tests.support.served import CODE
from tests.support.window_crowd import WindowCrowd
from vault.clients import Profile

AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """One kind of thing that may be spent once.

    Attributes:
        shots: Returns requests that all spend one new thing.
        won: What the one is told that spends it.
        lost: What all others are told.
    """

    shots: Callable[[Crowd], Sequence[Shot]]
    won: str
    lost: frozenset[str]


def _codes(crowd: Crowd) -> Sequence[Shot]:
    code = crowd.callback()
    return [crowd.redemption(code) for _ in range(AT_ONCE)]


def _polls(crowd: Crowd, *, profile: Profile) -> Sequence[Shot]:
    if profile not in crowd.windows:
        crowd.windows[profile] = WindowCrowd.beside(crowd, profile)
    window: WindowCrowd = crowd.windows[profile]
    code = window.approved()
    return [window.poll(code) for _ in range(AT_ONCE)]


def _decisions(crowd: Crowd) -> Sequence[Shot]:
    _, decision = crowd.asked()
    return [decision] * AT_ONCE


def _credentials(crowd: Crowd, **same: str) -> Shot:
    form = {"grant_type": "client_credentials", "scope": "registry:read"}
    return crowd.form("/oauth/token", form, **same)


def _assertions(crowd: Crowd) -> Sequence[Shot]:
    same = crowd.assertion()
    return [_credentials(crowd, assertion=same) for _ in range(AT_ONCE)]


def _proofs(crowd: Crowd) -> Sequence[Shot]:
    same = crowd.proof("POST", "/oauth/token")
    return [_credentials(crowd, proof=same) for _ in range(AT_ONCE)]


def _pulls(crowd: Crowd) -> Sequence[Shot]:
    token = crowd.send(crowd.redemption(crowd.callback())).json()["access_token"]
    path = f"/v1/evidence/{CODE}"
    same = {
        "Authorization": f"DPoP {token}",
        "DPoP": crowd.proof("GET", path, token=token),
    }
    return [Shot(method="GET", path=f"{path}?view=full", headers=same)] * AT_ONCE


SPENDINGS: Final[Mapping[str, Spending]] = {
    "code": Spending(shots=_codes, won="200", lost=frozenset({"400 invalid_grant"})),
    "device-code": Spending(
        shots=partial(_polls, profile=Profile.KIOSK),
        won="200",
        lost=frozenset({"400 invalid_grant"}),
    ),
    "auth-req-id": Spending(
        shots=partial(_polls, profile=Profile.COUNTER),
        won="200",
        lost=frozenset({"400 invalid_grant"}),
    ),
    # Decided before it was read, or between that and the turn in the journal.
    "request_uri": Spending(shots=_decisions, won="303", lost=frozenset({"404", "409"})),
    "assertion-jti": Spending(
        shots=_assertions, won="200", lost=frozenset({"401 invalid_client"})
    ),
    "proof-jti": Spending(shots=_proofs, won="200", lost=frozenset({"400 invalid_dpop_proof"})),
    "proof-jti-of-a-pull": Spending(
        shots=_pulls, won="200", lost=frozenset({"401 invalid_dpop_proof"})
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What came of some rounds.

    Attributes:
        winners: How many won, and in how many rounds as many did.
        told: What all were told together.
        seconds: That all rounds took, with what led to them.
    """

    winners: Counter[int]
    told: Counter[str]
    seconds: float

    def __str__(self) -> str:
        """Return it for a report."""
        told = ", ".join(f"{times} x {what}" for what, times in sorted(self.told.items()))
        rounds = f"{self.winners[1]} of {self.winners.total()} rounds had one winner"
        return f"{rounds}; {told}; {self.seconds:.0f} s"


def tally(crowd: Crowd, name: str, *, rounds: int) -> Tally:
    """Let 64 spend the same thing, so many times; count what they were told."""
    winners, told, since = Counter[int](), Counter[str](), time.monotonic()
    for _ in range(rounds):
        now = Counter(str(one) for one in crowd.fire(SPENDINGS[name].shots(crowd)))
        winners[now[SPENDINGS[name].won]] += 1
        told += now
    return Tally(winners=winners, told=told, seconds=time.monotonic() - since)
