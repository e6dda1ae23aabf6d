"""What a statement vouches for, and that nobody asks for more."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from policies.scopes import View
from vault.clients import Profile
from vault.clients.statements import (
    AHEAD_SECONDS,
    LONGEST_SECONDS,
    Rights,
    Statement,
    Wish,
    granted_rights,
    read_statement,
    refuse_wider,
)
from vault.errors import InvalidInputError

NOW = 1_795_000_000
ISSUER = "https://registry.example.org"
AUDIENCE = "https://space.example.org"
MARKET = "11110105PDY001012C"
FOOD = f"{MARKET}4000131020100"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "one",
    "software_id": "licensing",
    "software_version": "4.2",
    "client_name#zh-CN": "许可系统",
    "client_name#en": "Licensing system",
    "department": MARKET,
    "profiles": ["fapi2", "counter"],
    "scope": "cases:write registry:read",
    "evidence": {"ID01": "full", "LC01": "summary"},
    "issue_codes": ["LC09"],
    "service_items": [FOOD],
}
RIGHTS = Rights(
    scopes=frozenset({"cases:write", "registry:read"}),
    evidence={"ID01": View.FULL, "LC01": View.SUMMARY},
    issue_codes=frozenset({"LC09"}),
    service_items=frozenset({FOOD}),
)
STATEMENT = Statement(
    once=sha256(f"{ISSUER}\x00one".encode()).digest(),
    department=MARKET,
    software_id="licensing",
    software_version="4.2",
    name_zh="许可系统",
    name_en="Licensing system",
    profiles=frozenset({Profile.FAPI2, Profile.COUNTER}),
    rights=RIGHTS,
)
NOTHING = Rights(
    scopes=frozenset(), evidence={}, issue_codes=frozenset(), service_items=frozenset()
)


def read(claims: dict[str, Any]) -> Statement:
    return read_statement(claims, issuer=ISSUER, audience=AUDIENCE, now=NOW)


def test_a_statement_is_read_whole() -> None:
    assert read(CLAIMS) == STATEMENT


def test_a_statement_may_vouch_for_a_profile_and_nothing_else() -> None:
    few = {
        name: value
        for name, value in CLAIMS.items()
        if name not in {"scope", "evidence", "issue_codes", "service_items"}
    }

    assert read(few).rights == NOTHING


def test_a_clock_may_be_a_little_ahead_and_a_statement_may_live_for_long() -> None:
    ahead = NOW + AHEAD_SECONDS

    assert read(CLAIMS | {"iat": ahead, "exp": ahead + LONGEST_SECONDS}) == STATEMENT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"officer": "x"}, ""),
        ({"iss": "https://other.example.org"}, "iss"),
        ({"aud": [AUDIENCE]}, "aud"),
        ({"iat": NOW + AHEAD_SECONDS + 1}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": 1.5}, "iat"),
        ({"exp": NOW}, "exp"),
        ({"exp": NOW + LONGEST_SECONDS + 1}, "exp"),
        ({"exp": str(NOW)}, "exp"),
        ({"jti": ""}, "jti"),
        ({"jti": 1}, "jti"),
        ({"jti": "x" * 201}, "jti"),
        ({"jti": "a\nb"}, "jti"),
        ({"department": "market"}, "department"),
        ({"software_id": None}, "software_id"),
        ({"software_version": None}, "software_version"),
        ({"client_name#zh-CN": None}, "client_name#zh-CN"),
        ({"client_name#en": None}, "client_name#en"),
        ({"profiles": []}, "profiles"),
        ({"profiles": ["fapi1"]}, "profiles"),
        ({"profiles": "fapi2"}, "profiles"),
        ({"scope": ["cases:write"]}, "scope"),
        ({"scope": "everything"}, "scope"),
        ({"evidence": ["ID01"]}, "evidence"),
        ({"evidence": {"ID01": "all"}}, "evidence"),
        ({"evidence": {"XX99": "full"}}, "evidence"),
        ({"evidence": {str(n): "full" for n in range(501)}}, "evidence"),
        ({"issue_codes": [1]}, "issue_codes"),
        ({"issue_codes": ["XX99"]}, "issue_codes"),
        ({"issue_codes": ["LC09"] * 501}, "issue_codes"),
        ({"service_items": ["11110105PDY00103944000131070600"]}, "service_items"),
    ],
)
def test_any_other_statement_vouches_for_nothing(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read(CLAIMS | changes)

    assert refused.value.field == field


def test_who_asks_for_nothing_in_particular_gets_everything_but_chooses_a_profile() -> None:
    assert granted_rights(STATEMENT, Wish(profile=Profile.COUNTER)) == (Profile.COUNTER, RIGHTS)
    for profile in (None, Profile.FAPI2_MS):
        with pytest.raises(InvalidInputError) as refused:
            granted_rights(STATEMENT, Wish(profile=profile))
        assert refused.value.field == "profile"


def test_the_only_profile_need_not_be_said() -> None:
    alone = replace(STATEMENT, profiles=frozenset({Profile.RS}))

    assert granted_rights(alone, Wish()) == (Profile.RS, RIGHTS)


def test_less_may_be_asked_for() -> None:
    less = Rights(
        scopes=frozenset({"cases:write"}),
        evidence={"ID01": View.VERIFY},
        issue_codes=frozenset(),
        service_items=frozenset(),
    )
    wish = Wish(
        profile=Profile.FAPI2,
        scopes=less.scopes,
        evidence=less.evidence,
        issue_codes=less.issue_codes,
        service_items=less.service_items,
    )

    assert granted_rights(STATEMENT, wish) == (Profile.FAPI2, less)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"scopes": RIGHTS.scopes | {"records:write"}}, "scope"),
        ({"evidence": {"LC01": View.FULL}}, "evidence"),
        ({"evidence": {"LC04": View.VERIFY}}, "evidence"),
        ({"issue_codes": frozenset({"LC12"})}, "issue_codes"),
        ({"service_items": frozenset({"another"})}, "service_items"),
    ],
)
def test_more_is_refused(more: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        refuse_wider(replace(RIGHTS, **more), than=RIGHTS)

    assert refused.value.field == field
