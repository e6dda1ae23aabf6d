"""What has expired does not pile up, and what may be used once is, also under mixed traffic.

Here a sample; by hand the ten minutes of oauth.md 11::

    SOAK_SECONDS=600 .venv/bin/pytest -s tests/oauth/test_soak.py
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest

from api.databases import opened_to_read
from api.oauth import client_auth
from api.settings import Settings
from api.wiring import SWEEP_SECONDS
from tests.support.crowd import Crowd
from tests.support.double_spend import AT_ONCE, SPENDINGS, tally
from tests.support.founding import settings_of
from tests.support.http_world import DAY, HttpWorld, open_world
from tests.support.served import served
from tests.support.soak import WORKERS, soak
from vault.services.sweep import sweep

SECONDS: Final = float(os.environ.get("SOAK_SECONDS", "8"))
PLENTY: Final = {"LIMITS__CLIENT_PROTOCOL_A_MINUTE": "10000000"}
"""Limits are tested elsewhere."""
KEPT: Final = 300 + client_auth.KEPT_SECONDS + client_auth.AHEAD_SECONDS + SWEEP_SECONDS
"""Seconds for which a row stands that says an assertion was used: life, reserve, and sweeping."""
SEASON: Final = 100 * DAY
"""Longer than anything of the protocol lives, sign-ins of known browsers among it."""

EXPECTED: Final = {
    *("token check 200", "token 200", "code 200", "pull 200"),
    "the same assertion 401 invalid_client",
    "a forged assertion 401 invalid_client",
    "half a request 400 invalid_request",
    "the same proof 401 invalid_dpop_proof",
    "the same code 400 invalid_grant",
    "a token that ended by it 401 invalid_token",
}
SHORT_LIVED: Final = (
    *("oauth_access_token", "oauth_code", "oauth_interaction", "oauth_par", "oauth_refresh_token"),
    *("oauth_replay", "outbox", "signin", "signin_attempt", "signin_client"),
    *("signin_try", "openid_session"),
)
"""All that protocol requests leave, but for reasons of errors, which are written behind them."""


pytestmark = pytest.mark.chaos


def rows(settings: Settings) -> Mapping[str, int]:
    with opened_to_read(settings) as database, database.engine.connect() as connection:
        return {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 - from here
            for table in SHORT_LIVED
        }


def busy(world: HttpWorld) -> None:
    """Let a system do all that leaves rows: what is answered, and what nobody answers."""
    market, (person, _) = world.market, world.settled()
    token, browser = world.granted(person)
    assert market.pull(token).status_code == 200
    market.pull(token, code="ID02")
    case_no = market.open_case(person).json()["case_no"]
    for _ in range(3):
        uri = market.push(case_no)
        query = urlencode({"client_id": market.client_id, "request_uri": uri})
        browser.get(f"/oauth/authorize?{query}")
        market.form("/oauth/token", {"grant_type": "client_credentials", "scope": "registry:read"})
        market.form("/oauth/token", {"grant_type": "authorization_code", "code": "x"})


def test_b65_rows_that_expired_do_not_pile_up_over_the_seasons(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        left, most = [], []
        for _ in range(3):
            for system in world.systems.values():
                system._tokens.clear()  # noqa: SLF001 - they have expired
            for _ in range(3):
                busy(world)
            most.append(rows(world.settings))
            world.clock.ahead += SEASON
            sweep(world.vault)
            left.append(rows(world.settings))

    written = {table for table in SHORT_LIVED if most[0][table]}
    assert {"oauth_par", "oauth_replay", "oauth_code", "oauth_access_token", "signin"} <= written
    assert left == [dict.fromkeys(SHORT_LIVED, 0)] * 3
    assert most[2] == most[1]


def test_b65_mixed_traffic_is_answered_as_it_must_be_and_leaves_no_more_than_its_time(
    tmp_path: Path,
) -> None:
    with served(tmp_path, more=PLENTY) as server:
        soaked = soak(server, seconds=SECONDS)
        replays = rows(settings_of(tmp_path))["oauth_replay"]
        lately = soaked.spent_in(KEPT)
        crowd = Crowd.of(server)
        spent = {name: tally(crowd, name, rounds=1) for name in SPENDINGS}

    sys.stdout.write(f"\n{soaked}\nreplay rows: {replays}; spent lately: {lately}\n")
    assert set(soaked.told) == EXPECTED
    assert replays <= lately + WORKERS
    assert {name: one.winners[1] for name, one in spent.items()} == dict.fromkeys(SPENDINGS, 1)
    assert {one.told.total() for one in spent.values()} == {AT_ONCE}
