"""Hints of counters that are sealed to us, or that we once signed (CIBA Core 1.0 s. 7.1)."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from jwskate import JweCompact, Jwk

from api.window_desk import Outcome
from tests.support.oauth_world import (
    DEPARTMENT,
    NOW,
    ORIGIN,
    OTHER_DEPARTMENT,
    OTHER_SPACE,
    SPACE,
    World,
    details,
    holder,
)
from tests.support.window_world import EVIDENCE, WindowWorld, counter
from vault.clients.signing_keys import (
    ACTIVE_SECONDS,
    DAY,
    HINTS,
    RETIRING_SECONDS,
    SigningPurpose,
)
from vault.holders import HolderKind
from vault.identifiers import Identifier, IdentifierKind, parse
from vault.identifiers.synthetic import synthetic_resident_id, synthetic_uscc
from vault.ids import Space
from vault.services.signing_keys import draw

TODAY = date(2026, 11, 25)
UNKNOWN = (400, "unknown_user_id")
PENDING = (400, "authorization_pending")
EXPIRED = (400, "expired_token")
PERSON = parse(IdentifierKind.RESIDENT_ID, synthetic_resident_id(7), today=TODAY)
NOBODY = parse(IdentifierKind.RESIDENT_ID, synthetic_resident_id(8), today=TODAY)
OTHER = parse(IdentifierKind.RESIDENT_ID, synthetic_resident_id(9), today=TODAY)
COMPANY = parse(IdentifierKind.USCC, synthetic_uscc(7), today=TODAY)
SUB = b"\x01" * 16
OTHER_SUB = b"\x02" * 16


@pytest.fixture
def world() -> Iterator[WindowWorld]:
    found = WindowWorld()
    has(found, PERSON, space=SPACE)
    has(found, OTHER, space=OTHER_SPACE)
    with found.memory.work() as tx:
        tx.protocol.add_subject(SPACE, sector=DEPARTMENT, fresh=SUB)
        tx.protocol.add_subject(OTHER_SPACE, sector=DEPARTMENT, fresh=OTHER_SUB)
        tx.protocol.add_subject(SPACE, sector=OTHER_DEPARTMENT, fresh=b"\x03" * 16)
    with found.http:
        yield found


def has(world: World, number: Identifier, *, space: Space) -> None:
    for one in world.vault.numbers.of(number):
        world.memory.rows.numbers.add((one.kind, one.index), space)


def text(sub: bytes) -> str:
    return urlsafe_b64encode(sub).rstrip(b"=").decode()


def number(found: Identifier) -> dict[str, Any]:
    return {"id_number": {"type": found.kind.value, "value": found.value}}


def sub_of(sub: bytes) -> dict[str, Any]:
    return {"id_number": None, "sub": text(sub)}


def hint_key(world: World) -> dict[str, Any]:
    """Return the key that anybody finds in our set."""
    keys = world.http.get("/.well-known/jwks.json").json()["keys"]
    [found] = [key for key in keys if key["use"] == "enc"]
    return dict(found)


def sealed(world: World, **changes: Any) -> str:  # noqa: ANN401 - any claim
    """Seal a hint with a library that is not the one that opens it; ``None`` leaves out."""
    key = changes.pop("key", None) or hint_key(world)
    how = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"} | changes.pop("how", {})
    header = changes.pop("header", {})
    plain = {"iss": "counter", "aud": ORIGIN, "exp": world.clock.now + 300, **number(PERSON)}
    members = {name: value for name, value in (plain | changes).items() if value is not None}
    public = Jwk({name: key[name] for name in ("kty", "crv", "x", "y", "kid")})
    return raw(json.dumps(members).encode(), public=public, header=header, how=how)


def raw(plain: bytes, *, public: Jwk, header: dict[str, Any], how: dict[str, Any]) -> str:
    return str(JweCompact.encrypt(plain, public, extra_headers=header, **how))


def ask(world: WindowWorld, **hint: Any) -> Any:  # noqa: ANN401 - an answer
    now = world.clock.now
    asked = details(evidence=EVIDENCE, valid={"from": now, "to": now + 3600})
    return world.ask(**({"login_hint": None, "authorization_details": [asked]} | hint))


def error(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - an answer
    return answer.status_code, answer.json().get("error", "")


def asked_about(world: WindowWorld) -> list[Space | None]:
    return [row.space for row in world.memory.rows.asynchronous.values()]


@pytest.mark.parametrize("meant", [number(PERSON), sub_of(SUB)], ids=["number", "sub"])
def test_b49_a_sealed_hint_leads_to_whose_case_it_is(
    world: WindowWorld, meant: dict[str, Any]
) -> None:
    answer = ask(world, login_hint_token=sealed(world, **meant))

    code = answer.json()["auth_req_id"]
    assert world.say() is Outcome.GIVEN
    assert world.fetch(code).status_code == 200


@pytest.mark.parametrize(
    "meant",
    [number(NOBODY), number(OTHER), number(COMPANY), sub_of(OTHER_SUB), sub_of(b"\x09" * 16)],
    ids=["nobody", "somebody else", "a company", "another sub", "no sub"],
)
def test_b49_a_sealed_hint_that_leads_elsewhere_is_answered_alike_and_expires(
    world: WindowWorld, meant: dict[str, Any]
) -> None:
    usual = ask(world, login_hint_token=sealed(world))
    answer = ask(world, login_hint_token=sealed(world, **meant))

    code = answer.json()["auth_req_id"]
    assert (answer.status_code, answer.json().keys()) == (200, usual.json().keys())
    assert asked_about(world) == [SPACE, None]
    assert error(world.fetch(code)) == PENDING
    world.clock.now += 600
    assert error(world.fetch(code)) == EXPIRED


def test_b49_a_company_is_found_by_its_code_too(world: WindowWorld) -> None:
    company = Space(0, OTHER_SPACE.holder_id)
    world.memory.add(replace(holder(company), kind=HolderKind.ORGANISATION))
    has(world, COMPANY, space=SPACE)

    ask(world, login_hint_token=sealed(world, **number(COMPANY)))

    assert asked_about(world) == [SPACE]


def test_b49_b58_the_number_of_a_hint_is_kept_nowhere(world: WindowWorld) -> None:
    token = sealed(world)

    ask(world, login_hint_token=token)

    [row] = world.memory.rows.asynchronous.values()
    opened = world.provider.secrets.open(row.params, request_id=row.request_id)
    for secret in (PERSON.value, token, token.split(".")[3]):
        assert secret.encode() not in repr(row).encode() + row.params + opened


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "counter2"},
        {"iss": None},
        {"aud": "https://elsewhere.example.org"},
        {"aud": None},
        {"exp": NOW},
        {"exp": NOW + 3601},
        {"exp": None},
        {"exp": "soon"},
        {"id_number": None},
        {"sub": text(SUB)},
        {"id_number": PERSON.value},
        {"id_number": {"value": PERSON.value}},
        {"id_number": {"type": "resident_id_18", "value": PERSON.value[:-1] + "?"}},
        {"id_number": {"type": "resident_id_18", "value": "1" * 65}},
        {"id_number": {"type": "resident_id_18", "value": 7}},
        {"id_number": {"type": "mobile_cn", "value": "13900000000"}},
        {"id_number": {"type": "nothing", "value": PERSON.value}},
        {"id_number": {"type": "resident_id_18", "value": PERSON.value, "more": 1}},
        {"id_number": None, "sub": "x"},
        {"id_number": None, "sub": 7},
        {"more": True},
        {"header": {"zip": "DEF"}},
        {"header": {"crit": ["exp"], "exp": 1}},
        {"header": {"more": "x"}},
        {"how": {"alg": "ECDH-ES"}},
        {"how": {"alg": "ECDH-ES+A128KW"}},
        {"how": {"enc": "A128GCM"}},
        {"how": {"enc": "A256CBC-HS512"}},
    ],
    ids=repr,
)
def test_b49_a_sealed_hint_that_is_wrong_in_one_thing_is_malformed(
    world: WindowWorld, changes: dict[str, Any]
) -> None:
    answer = ask(world, login_hint_token=sealed(world, **changes))

    assert error(answer) == UNKNOWN
    assert asked_about(world) == []


def test_b49_what_was_altered_or_is_no_jwe_is_malformed(world: WindowWorld) -> None:
    head, wrapped, iv, body, tag = sealed(world).split(".")
    key = hint_key(world)
    public = Jwk({name: key[name] for name in ("kty", "crv", "x", "y", "kid")})
    header: dict[str, Any] = {}
    how: dict[str, Any] = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
    told = dict(JweCompact(sealed(world)).headers)
    altered: list[dict[str, Any]] = [
        *({"epk": "x"}, {"epk": {}}, {"epk": told["epk"] | {"x": "AA"}}),
        *({"epk": told["epk"] | {"d": "AA"}}, {"kid": 7}, {"kid": "another"}),
    ]
    heads = {f"header {one}": told | one for one in altered}
    heads["no kid"] = {name: value for name, value in told.items() if name != "kid"}
    wrong = {
        "another tag": f"{head}.{wrapped}.{iv}.{body}.{'A' * len(tag)}",
        "another key": f"{head}.{'A' * len(wrapped)}.{iv}.{body}.{tag}",
        "no header": f".{wrapped}.{iv}.{body}.{tag}",
        "four parts": f"{head}.{wrapped}.{iv}.{body}",
        "long": sealed(world, jti="x" * 4096),
        "國": "國",
        "text": raw(b"x", public=public, header=header, how=how),
        "list": raw(b"[]", public=public, header=header, how=how),
    } | {
        name: f"{text(json.dumps(one).encode())}.{wrapped}.{iv}.{body}.{tag}"
        for name, one in heads.items()
    }

    answers = {name: error(ask(world, login_hint_token=token)) for name, token in wrong.items()}

    assert answers == dict.fromkeys(wrong, UNKNOWN)


def test_b44_hints_are_opened_with_every_published_key_and_with_no_other(
    world: WindowWorld,
) -> None:
    before = hint_key(world)
    keys = world.memory.rows.signing[1]
    world.keep_keys(keys.introduce(draw(world.vault, HINTS), now=NOW, early=True))
    world.clock.now += 60
    published = world.http.get("/.well-known/jwks.json").json()["keys"]
    kids = {key["kid"]: key for key in published if key["use"] == "enc"}
    [coming] = kids.keys() - {before["kid"]}

    early = ask(world, login_hint_token=sealed(world, key=kids[coming]))
    world.clock.now += DAY
    late = ask(world, login_hint_token=sealed(world, key=before))
    world.clock.now += RETIRING_SECONDS
    gone = ask(world, login_hint_token=sealed(world, key=before))

    assert (early.status_code, late.status_code, error(gone)) == (200, 200, UNKNOWN)


def test_b44_a_signing_key_opens_nothing(world: WindowWorld) -> None:
    keys = world.http.get("/.well-known/jwks.json").json()["keys"]
    signing = next(key for key in keys if key.get("alg") == "ES256")

    assert error(ask(world, login_hint_token=sealed(world, key=signing))) == UNKNOWN


def told(world: World, **changes: Any) -> str:  # noqa: ANN401 - any claim
    """Return an ID token that was made for the counter."""
    purpose = changes.pop("purpose", SigningPurpose.ID_TOKEN)
    claims = {"aud": "counter", "sub": text(SUB), "exp": NOW + 300} | changes
    return world.provider.signer.sign(purpose=purpose, alg="ES256", claims=claims)


@pytest.mark.parametrize("later", [0, 300, ACTIVE_SECONDS + RETIRING_SECONDS])
def test_b49_an_id_token_of_ours_is_a_hint_also_when_it_has_expired(
    world: WindowWorld, later: int
) -> None:
    token = told(world)
    keys = world.memory.rows.signing[1]
    for key in keys.keys:
        if key.slot.purpose is SigningPurpose.ID_TOKEN:
            keys = keys.introduce(draw(world.vault, key.slot), now=NOW)
    world.keep_keys(keys)
    world.provider.signer.refresh()

    # Its key is archived at the last of these times; what the counter signs is of now.
    world.clock.now += later
    answer = ask(world, id_token_hint=token)

    assert answer.status_code == 200, answer.text
    assert asked_about(world) == [SPACE]


def test_b49_an_id_token_about_somebody_else_leads_nowhere(world: WindowWorld) -> None:
    answer = ask(world, id_token_hint=told(world, sub=text(OTHER_SUB)))

    assert answer.status_code == 200
    assert asked_about(world) == [None]


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "counter2"},
        {"aud": ["counter"]},
        {"sub": "x"},
        {"sub": None},
        {"purpose": SigningPurpose.LOGOUT},
    ],
    ids=repr,
)
def test_b49_an_id_token_that_was_not_made_for_this_counter_is_no_hint(
    world: WindowWorld, changes: dict[str, Any]
) -> None:
    assert error(ask(world, id_token_hint=told(world, **changes))) == UNKNOWN


def test_b49_an_altered_id_token_is_no_hint(world: WindowWorld) -> None:
    head, _, signature = told(world).split(".")
    body = text(json.dumps({"aud": "counter", "sub": text(SUB), "iss": ORIGIN}).encode())

    for token in (f"{head}.{body}.{signature}", "x", told(world).rpartition(".")[0] + "."):
        assert error(ask(world, id_token_hint=token)) == UNKNOWN


@pytest.mark.parametrize(
    "given",
    [
        ("login_hint", "login_hint_token"),
        ("login_hint", "id_token_hint"),
        ("id_token_hint", "login_hint_token"),
        ("id_token_hint", "login_hint", "login_hint_token"),
        (),
    ],
    ids=repr,
)
def test_b49_a_request_has_exactly_one_hint(world: WindowWorld, given: tuple[str, ...]) -> None:
    hints = {
        "login_hint": f"sub:{text(SUB)}",
        "login_hint_token": sealed(world),
        "id_token_hint": told(world),
    }

    answer = ask(world, **{name: hints[name] for name in given})

    assert error(answer) == (400, "invalid_request")


def test_b49_a_user_code_is_neither_offered_nor_taken(world: WindowWorld) -> None:
    world.memory.add(counter())
    metadata = world.http.get("/.well-known/openid-configuration").json()

    answer = ask(world, login_hint_token=sealed(world), user_code="1234")

    assert metadata["backchannel_user_code_parameter_supported"] is False
    assert error(answer) == (400, "invalid_request")
