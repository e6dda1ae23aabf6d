"""What may be used once is used once, by whichever of 64 comes first (oauth.md: D-traps)."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from requests_oauth2client import BearerToken

from scripts.demo_browser import StoryError
from scripts.demo_people import papers, people
from tests.support.founding import found_town, open_vault
from tests.support.served import CODE, served
from tests.support.town import HOUR, Town
from vault.clients.protocol import Claim, SignInAttempt
from vault.errors import AccessDeniedError, ConflictError, ReplayedError
from vault.ids import CaseNumber
from vault.services.give_consent import give_consent

AT_ONCE = 64
PERSON = 7

pytestmark = pytest.mark.chaos


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    found_town(tmp_path)
    with open_vault(tmp_path) as vault:
        town = Town(vault)
        town.deposit(PERSON, name="张示例")
        yield town


@pytest.fixture
def case_no(town: Town) -> CaseNumber:
    return town.open_case(PERSON).case_no


def at_once(act: Callable[[int], object]) -> list[object]:
    """Let 64 threads do the same at the same moment; return what each got or was told."""
    barrier = threading.Barrier(AT_ONCE)
    outcomes: list[object] = [None] * AT_ONCE

    def run(number: int) -> None:
        barrier.wait(60)
        try:
            outcomes[number] = act(number)
        except Exception as error:  # noqa: BLE001 - the test counts what each was told
            outcomes[number] = type(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_code_is_redeemed_once(town: Town, case_no: CaseNumber) -> None:
    granted = town.consent(PERSON, case_no)
    code = granted.request.code

    def redeem(_number: int) -> bool:
        with town.vault.work() as tx:
            return tx.protocol.spend_code(code.code_hash, client_id=code.client_id, now=town.now())

    assert sorted(map(str, at_once(redeem))) == ["False"] * (AT_ONCE - 1) + ["True"]


def test_a_proof_is_taken_once(town: Town) -> None:
    claim = Claim(kind="assertion", key_hash=town.vault.random(32), expires_at=town.now() + HOUR)

    def show(_number: int) -> tuple[bool, ...]:
        with town.vault.work() as tx:
            return tx.protocol.claim([claim])

    assert sorted(map(str, at_once(show))) == ["(False,)"] * (AT_ONCE - 1) + ["(True,)"]


def test_a_proof_releases_once(town: Town, case_no: CaseNumber) -> None:
    live = town.consent(PERSON, case_no).live
    claim = Claim(kind="dpop", key_hash=town.vault.random(32), expires_at=town.now() + HOUR)

    outcomes = at_once(lambda _number: town.pull(live, claim=claim).fields["name"])

    assert outcomes.count("张示例") == 1
    assert outcomes.count(ReplayedError) == AT_ONCE - 1


def test_a_consent_for_three_uses_releases_three_times(town: Town, case_no: CaseNumber) -> None:
    granted = town.consent(PERSON, case_no, uses=3)

    outcomes = at_once(lambda _number: town.pull(granted.live).fields["name"])

    assert outcomes.count("张示例") == 3
    assert outcomes.count(AccessDeniedError) == AT_ONCE - 3


def test_a_pushed_request_is_decided_once(town: Town, case_no: CaseNumber) -> None:
    asked = town.asked(PERSON, case_no)
    codes = [
        town.code(asked.signin.space, asked.client_id, now=town.now()) for _ in range(AT_ONCE)
    ]

    outcomes = at_once(lambda number: give_consent(town.vault, replace(asked, code=codes[number])))

    assert outcomes.count(ConflictError) == AT_ONCE - 1
    with town.vault.read() as tx:
        grants = {consent.grant_id for consent in tx.consents.of_holder(asked.signin.space)}
        kept = [code for code in codes if tx.protocol.code(code.code_hash) is not None]
    assert grants == {code.grant_id for code in kept}
    assert len(kept) == 1


def test_a_one_time_code_signs_in_once(town: Town) -> None:
    attempt = SignInAttempt(
        attempt_hash=town.vault.random(32),
        space=town.space(PERSON),
        code_hash=town.vault.random(32),
        tries=0,
        expires_at=town.now() + HOUR,
    )
    with town.vault.work() as tx:
        tx.protocol.add_attempt(attempt)

    def spend(_number: int) -> bool:
        with town.vault.work() as tx:
            return tx.protocol.spend_attempt(attempt.attempt_hash, now=town.now())

    assert sorted(map(str, at_once(spend))) == ["False"] * (AT_ONCE - 1) + ["True"]


def test_64_token_requests_for_one_code_get_one_token(tmp_path: Path) -> None:
    citizen = people()["citizen"]
    with served(tmp_path) as server:
        (paper,) = [one for one in papers() if (one.holder, one.code) == (citizen, CODE)]
        server.system(paper.issuer).deposit(paper)
        granted = server.authorized(citizen, note="核对身份")

        outcomes = at_once(
            lambda _number: granted.requester.redeem(granted.request, callback=granted.callback)
        )

        tokens = [one for one in outcomes if isinstance(one, BearerToken)]
        answer = granted.requester.pull(tokens[0], code=CODE, view="full")
    assert len(tokens) == 1
    assert outcomes.count(StoryError) == AT_ONCE - 1
    assert answer.status == HTTPStatus.UNAUTHORIZED  # A code shown twice ends what came of it.
