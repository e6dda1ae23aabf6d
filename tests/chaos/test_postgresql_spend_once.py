"""What may be used once is used once, by whichever of 64 in two processes comes first."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.second_process import Line
from tests.support.shared_town import SharedTown, at_once, shared_town
from tests.support.town import HOUR, Granted, Town
from vault.clients.protocol import Claim

EACH = 32
AT_ONCE = 2 * EACH
PERSON = 7

pytestmark = pytest.mark.chaos


@dataclass(frozen=True)
class Two:
    """Two processes with 32 threads each, beside this one."""

    shared: SharedTown
    town: Town
    lines: tuple[Line, ...]

    def granted(self, *, uses: int | None = None) -> Granted:
        case = self.town.open_case(PERSON)
        return self.town.consent(PERSON, case.case_no, uses=uses)

    def claim(self, kind: str) -> Claim:
        town = self.town
        return Claim(kind=kind, key_hash=town.vault.random(32), expires_at=town.now() + HOUR)

    def outcomes(self, act: str, *values: object) -> Counter[object]:
        """Let 64 threads of two processes do the same; count what they were told."""
        said = at_once(self.lines, act, *values)
        return Counter(one.error or one.value for one in said)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("town")
    with (
        shared_town(folder) as shared,
        shared.processes(EACH, EACH) as processes,
        shared.serving() as town,
    ):
        town.deposit(PERSON, name="张示例")
        # One of each process in turn, so that neither is always first.
        pairs = zip(*(process.lines for process in processes), strict=True)
        yield Two(shared, town, tuple(line for pair in pairs for line in pair))


def test_a_code_is_redeemed_once(two: Two) -> None:
    assert two.outcomes("redeem", two.granted().request.code) == {True: 1, False: AT_ONCE - 1}


def test_a_proof_is_taken_once(two: Two) -> None:
    assert two.outcomes("show", two.claim("assertion")) == {True: 1, False: AT_ONCE - 1}


def test_a_proof_releases_once(two: Two) -> None:
    outcomes = two.outcomes("pull", two.granted().live, two.claim("dpop"))

    assert outcomes == {"张示例": 1, "ReplayedError": AT_ONCE - 1}


def test_a_consent_for_one_use_releases_once(two: Two) -> None:
    outcomes = two.outcomes("pull", two.granted(uses=1).live)

    assert outcomes == {"张示例": 1, "AccessDeniedError": AT_ONCE - 1}


def test_a_consent_is_revoked_once_by_64_at_once(two: Two) -> None:
    granted = two.granted()

    outcomes = two.outcomes("revoke", granted)

    assert outcomes[None] >= 1
    assert sum(outcomes.values()) == AT_ONCE
    assert set(outcomes) <= {None, "ConflictError", "NotFoundError", "AccessDeniedError"}
    assert two.outcomes("pull", granted.live) == {"AccessDeniedError": AT_ONCE}
    assert two.shared.wrong() == []
