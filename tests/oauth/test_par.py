import json
from typing import Any

import pytest

from api.oauth.rar import read_wanted
from policies.items import items
from policies.scopes import View
from tests.support.oauth_world import (
    CHALLENGE,
    ITEM,
    KEYS,
    NOW,
    ORIGIN,
    OTHER_DEPARTMENT,
    REDIRECT,
    SPACE,
    World,
    case,
    client,
    details,
    holder,
)
from vault.cases import CaseState
from vault.clients.confirmation import Confirmation
from vault.clients.levels import AAL2, AAL3
from vault.consents.details import EvidenceGrant
from vault.holders import HolderKind
from vault.ids import ClientId

REQUEST_URI = "urn:ietf:params:oauth:request_uri:vpr_"


def acr_claim(**wanted: Any) -> str:  # noqa: ANN401 - any member
    """Return ``claims`` that ask for the claim ``acr`` of the ID token."""
    return json.dumps({"id_token": {"acr": wanted}})


MISREAD = [
    "no JSON",
    "[]",
    "[" * 5000,
    '{"id_token": []}',
    '{"id_token": {"acr": "urn:myspace:acr:aal1"}}',
    acr_claim(value=1),
    acr_claim(values="urn:myspace:acr:aal1"),
    acr_claim(values=[None]),
]
"""Claims that are malformed."""


def asked(evidence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one object that asks for this evidence."""
    return [details(evidence=evidence)]


def error(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - of any client
    """Return status and code."""
    return answer.status_code, answer.json().get("error", "")


def test_b02_a_request_is_pushed_and_named(world: World) -> None:
    answer = world.push()

    body = answer.json()
    assert answer.status_code == 201
    assert body["request_uri"].startswith(REQUEST_URI)
    assert body | {"request_uri": ""} == {"request_uri": "", "expires_in": 90}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["content-type"] == "application/json"


def test_what_was_pushed_is_kept_sealed_under_a_keyed_hash(world: World) -> None:
    note = "核对申请人身份"
    name = world.push().json()["request_uri"]

    (row,) = world.memory.rows.pushed.values()

    assert note.encode() not in row.params
    assert REDIRECT.encode() not in row.params
    assert name.encode() not in row.request_hash
    assert row.expires_at == NOW + 90


def test_b07_a_push_without_client_authentication_is_refused(world: World) -> None:
    answer = world.http.post("/oauth/par", data=world.request())

    assert error(answer) == (401, "invalid_client")


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/oauth/par", "/oauth/token", "/oauth/introspect", "/oauth/revoke"]
)
def test_b07_other_verbs_are_refused(world: World, verb: str, path: str) -> None:
    answer = world.http.request(verb, path)

    assert error(answer) == (405, "invalid_request")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_b07_d23_other_media_types_are_refused(world: World, kind: str) -> None:
    answer = world.http.post("/oauth/par", content=b"a=b", headers={"Content-Type": kind})

    assert error(answer) == (415, "invalid_request")


def test_b07_a_form_may_name_its_charset(world: World) -> None:
    kind = "Application/X-WWW-Form-Urlencoded; charset=UTF-8"

    answer = world.http.post("/oauth/par", content=b"a=b", headers={"Content-Type": kind})

    assert error(answer) == (401, "invalid_client")


@pytest.mark.parametrize(
    "name", ["client_id", "code_challenge", "authorization_details", "dpop_jkt", "unknown"]
)
def test_b07_d23_any_repeated_parameter_is_refused(world: World, name: str) -> None:
    answer = world.http.post(
        "/oauth/par",
        content=f"{name}=a&{name}=b".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.json() == {
        "error": "invalid_request",
        "error_description": "a parameter is repeated",
    }


@pytest.mark.parametrize(
    "body", [b"%ff=1", b"a=%ff", "国=1".encode(), b"a&b", b"&".join([b"a=1"] * 200), b"=&=&="]
)
def test_b07_malformed_forms_are_refused(world: World, body: bytes) -> None:
    answer = world.http.post(
        "/oauth/par",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code in {400, 401}


def test_b07_a_long_body_is_refused_while_it_is_read(world: World) -> None:
    answer = world.http.post("/oauth/par", data={"a": "x" * 65_536})

    assert error(answer) == (413, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"request_uri": f"{REQUEST_URI}x"}, "invalid_request"),
        *(({"claims": text}, "invalid_request") for text in MISREAD),
        (
            {"claims": acr_claim(essential=True, value="urn:other")},
            "unmet_authentication_requirements",
        ),
        ({"claims": acr_claim(values=[AAL3])}, "unmet_authentication_requirements"),
        ({"request": "e30.e30."}, "invalid_request_object"),
        ({"grant_id": "0" * 32}, "invalid_request"),
        ({"grant_id": "0" * 32, "grant_management_action": "create"}, "invalid_request"),
        ({"grant_id": "0" * 32, "grant_management_action": "update"}, "invalid_request"),
        ({"grant_management_action": "merge"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"resource": "https://elsewhere.example.org"}, "invalid_target"),
        ({"prompt": "select_account"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "login login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "\uff19"}, "invalid_request"),
        ({"acr_values": "urn:myspace:acr:aal3"}, "unmet_authentication_requirements"),
        ({"state": "国"}, "invalid_request"),
        ({"state": "a\nb"}, "invalid_request"),
        ({"state": "x" * 4097}, "invalid_request"),
        ({"nonce": "\x00"}, "invalid_request"),
        ({"authorization_details": None}, "invalid_authorization_details"),
    ],
    ids=str,
)
def test_what_is_not_offered_is_refused_before_it_could_be_ignored(
    world: World, changes: dict[str, str], expected: str
) -> None:
    answer = world.push(**changes)

    assert error(answer) == (400, expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": "x" * 2048},
        {"state": " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
        {"nonce": "n" * 64},
        {"nonce": "n" * 384},
        {"response_mode": "query"},
        {"resource": ORIGIN},
        {"prompt": "login consent"},
        {"max_age": "0"},
        {"acr_values": "urn:myspace:acr:aal2 urn:myspace:acr:aal1"},
        {"acr_values": "urn:myspace:acr:aal3 urn:myspace:acr:aal2"},
        {"claims": '{"id_token": {"acr": null}}'},
        {"claims": acr_claim(essential=True)},
        {"claims": acr_claim(essential=True, value=AAL2)},
        {"claims": acr_claim(values=["urn:other", AAL2]), "acr_values": "urn:other"},
        {"ui_locales": "en-GB fr"},
        {"login_hint": "somebody", "display": "page", "unknown": "x"},
        {"scope": "ev:licence:business_license:verify ev:identity:resident_id_card:full"},
        {"scope": "ev:identity:resident_id_card:full ev:licence:business_license"},
        {"scope": "ev:identity:resident_id_card:summary"},
        {"scope": ""},
        {"client_id": None},
    ],
    ids=str,
)
def test_b12_b13_good_requests_of_every_form_are_taken(
    world: World, changes: dict[str, str | None]
) -> None:
    answer = world.push(**changes)

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "https://client.example.org/cb",
        "https://client.example.org/cb?flow=1&x=2",
        "https://client.example.org/cb?flow=1/",
        "https://client.example.org/cb?flow=1#x",
        "https://client.example.org/CB?flow=1",
        "http://client.example.org/cb?flow=1",
        'https://client.example.org/"',
        "https://client.example.org/国",
        "https://evil.example.org/",
        "\x00",
        "",
    ],
)
def test_b09_d01_d22_a_redirect_is_one_of_the_registered_ones(
    world: World, uri: str | None
) -> None:
    answer = world.push(redirect_uri=uri)

    assert error(answer) == (400, "invalid_request")
    assert "location" not in answer.headers
    assert "state" not in answer.json()


@pytest.mark.parametrize(
    ("response_type", "expected"),
    [
        (None, "invalid_request"),
        ("token", "unsupported_response_type"),
        ("code id_token", "unsupported_response_type"),
        ("id_token code", "unsupported_response_type"),
        ('to"ken', "unsupported_response_type"),
        ("code ", "unsupported_response_type"),
        ("国", "unsupported_response_type"),
    ],
)
def test_b10_d01_the_response_type_is_code(
    world: World, response_type: str | None, expected: str
) -> None:
    answer = world.push(response_type=response_type)

    assert error(answer) == (400, expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE[:42]},
        {"code_challenge": CHALLENGE + "A" * 86},
        {"code_challenge": CHALLENGE[:42] + "="},
        {"code_challenge": CHALLENGE[:42] + "国"},
        {"code_challenge": CHALLENGE[:42] + "\n"},
    ],
    ids=str,
)
def test_b11_d03_pkce_is_s256_and_always_there(
    world: World, changes: dict[str, str | None]
) -> None:
    answer = world.push(**changes)

    assert answer.json() == {
        "error": "invalid_request",
        "error_description": "code_challenge is 43 characters, its method S256",
    }


@pytest.mark.parametrize(
    "scope",
    [
        "email",
        "records:write",
        "ev:identity:*:full",
        "ev:identity:nothing:verify",
        "ev:identity:resident_id_card:all",
        "ev:identity:household_register:verify",
        "ev:licence:business_license:summary",
        "ev:identity:resident_id_card:full email",
        "ev:identity:resident_id_card  ev:licence:business_license",
        "ev:identity:resident_id_card ev:identity:resident_id_card:full",
        '"',
        "国",
        "x" * 4097,
    ],
)
def test_b13_d20_scopes_beyond_the_objects_are_refused_and_never_dropped(
    world: World, scope: str
) -> None:
    answer = world.push(scope=scope)

    assert error(answer) == (400, "invalid_scope")


def test_b22_a_code_is_bound_by_a_named_key_or_by_the_proof(world: World) -> None:
    named = KEYS["proof"].thumbprint

    answers = [
        world.push(dpop_jkt=named, proof=None),
        world.push(dpop_jkt=named),
        world.push(),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert {row.cnf for row in world.memory.rows.pushed.values()} == {Confirmation.key(named)}


@pytest.mark.parametrize(
    ("jkt", "proof", "expected"),
    [
        pytest.param(KEYS["proof2"].thumbprint, "", "invalid_dpop_proof", id="another"),
        (None, None, "invalid_request"),
        ("short", None, "invalid_request"),
        ("!" * 43, None, "invalid_request"),
    ],
)
def test_b22_two_keys_or_none_are_refused(
    world: World, jkt: str | None, proof: str | None, expected: str
) -> None:
    answer = world.push(dpop_jkt=jkt, proof=proof)

    assert error(answer) == (400, expected)


def test_a_client_without_the_flow_may_not_push(world: World) -> None:
    world.memory.add(client("licensing", grant_types=frozenset({"client_credentials"})))

    answer = world.push()

    assert error(answer) == (400, "unauthorized_client")


def test_a_resource_server_may_not_push(world: World) -> None:
    answer = world.push(client="checker", client_id="checker")

    assert error(answer) == (400, "unauthorized_client")


# authorization_details, in the order of its checks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "{}",
        "null",
        "[]",
        "[[]]" * 2,
        "[" * 8000,
        '[{"type": "evidence_access", "type": "evidence_access"}]',
        "[NaN]",
        json.dumps([details()] * 21),
        json.dumps([details(purpose={"code": "x", "note": "x" * 17_000})]),
    ],
    ids=lambda text: text[:30],
)
def test_b36_what_is_no_array_of_objects_is_refused(world: World, text: str) -> None:
    answer = world.push(text, authorization_details=text)

    assert error(answer) == (400, "invalid_authorization_details")


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "payment"},
        {"type": None},
        {"unknown": 1},
        {"basis": "duty"},
        {"basis": None},
        {"locations": ["https://elsewhere.example.org"]},
        {"locations": []},
        {"locations": ORIGIN},
        {"subject": {"kind": "robot"}},
        {"subject": {"kind": "person", "ref": "case:1"}},
        {"purpose": {"code": "licence_application"}},
        {"purpose": {"code": "licence_application", "note": ""}},
        {"purpose": {"code": "licence_application", "note": " "}},
        {"purpose": {"code": "licence_application", "note": "x" * 201}},
        {"purpose": {"code": "licence_application", "note": "a\nb"}},
        {"purpose": {"code": "licence_application", "note": "a\u202eb"}},
        {"purpose": {"code": "licence_application", "note": "\ud800"}},
        {"purpose": {"code": 7, "note": "x"}},
        {"item": 7},
        {"case": ""},
        {"case": "x" * 65},
        {"evidence": []},
        {"evidence": [{}]},
        {"evidence": [{"code": "ID01", "view": "all"}]},
        {"evidence": [{"code": "ID01", "view": "full", "fields": "name"}]},
        {"evidence": [{"code": "ID01", "file": "yes"}]},
        {"evidence": [{"code": "ID01", "more": 1}]},
        {"legal": {"article": "licensing-31", "officer": "x"}},
        {"valid": None},
        {"valid": {"from": NOW}},
        {"valid": {"from": str(NOW), "to": NOW + 1}},
        {"valid": {"from": NOW + 0.5, "to": NOW + 1}},
        {"valid": {"from": True, "to": NOW + 1}},
        {"valid": {"from": NOW, "to": 1 << 41}},
        {"valid": {"from": -1, "to": NOW + 1}},
        {"valid": {"from": NOW + 2, "to": NOW + 1}},
        {"valid": {"from": NOW - 2, "to": NOW}},
        {"valid": {"from": NOW, "to": NOW + 367 * 86_400}},
        {"uses": 0},
        {"uses": 1001},
        {"uses": 1.0},
        {"retention_days": -1},
        {"retention_days": None},
    ],
    ids=str,
)
def test_b36_members_are_strict(world: World, changes: dict[str, Any]) -> None:
    answer = world.push([details(**changes)])

    assert answer.json() == {
        "error": "invalid_authorization_details",
        "error_description": (
            "an object of authorization_details has an unknown, missing or malformed member"
        ),
    }


@pytest.mark.parametrize(
    "other",
    [
        {"purpose": {"code": "licence_application", "note": "something else"}},
        {"case": "another"},
        {"uses": 1},
        {"evidence": [{"code": "ID01"}]},
        {"legal": None},
    ],
    ids=str,
)
def test_b36_one_request_is_for_one_matter_and_each_evidence_once(
    world: World, other: dict[str, Any]
) -> None:
    second = details(**({"evidence": [{"code": "MT04"}]} | other))

    answer = world.push([details(), second])

    assert answer.json()["error_description"] == (
        "one request has one basis, subject, purpose, item and case, and each evidence once"
    )


def test_b36_objects_of_one_matter_are_one_request(world: World) -> None:
    first = details(evidence=[{"code": "ID01"}], locations=None)
    second = details(evidence=[{"code": "LC04", "view": "summary"}])

    answer = world.push([first, second])

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"item": "unknown"}, "is not registered for this evidence"),
        ({"evidence": [{"code": "XX01"}]}, "is not registered for this evidence"),
        ({"evidence": [{"code": "MT04"}]}, "is not registered for this evidence"),
        ({"evidence": [{"code": "LC02"}]}, "is not registered for this evidence"),
        ({"evidence": [{"code": "LC04", "view": "full"}]}, "is not registered for this evidence"),
        ({"evidence": [{"code": "ID01", "view": "full", "fields": ["nothing"]}]}, "catalogue"),
        (
            {"evidence": [{"code": "ID01", "view": "full", "fields": ["name", "name"]}]},
            "catalogue",
        ),
        ({"evidence": [{"code": "ID01", "fields": ["name"]}]}, "none for verify"),
        ({"evidence": [{"code": "ID01", "view": "full", "file": True}]}, "files are not offered"),
        ({"evidence": [{"code": "ID01", "view": "full", "fields": ["sex"]}]}, "does not need"),
        ({"retention_days": 181}, "does not need"),
        ({"purpose": {"code": "housing_support", "note": "x"}}, "does not belong"),
        ({"purpose": {"code": "nothing", "note": "x"}}, "does not belong"),
        ({"legal": {"article": "pipl-29"}}, "does not belong"),
        ({"case": "unknown"}, "does not belong"),
        ({"subject": {"kind": "organisation"}}, "is not registered for this evidence"),
        ({"evidence": [{"code": "SR05"}]}, "needs a stronger profile"),
    ],
    ids=str,
)
def test_b36_over_asking_is_refused_and_the_check_is_named(
    world: World, changes: dict[str, Any], text: str
) -> None:
    answer = world.push([details(**changes)])

    assert error(answer) == (400, "invalid_authorization_details")
    assert text in answer.json()["error_description"]


def test_b36_a_view_above_the_requirement_is_refused_though_registered(world: World) -> None:
    world.memory.add(client("licensing", evidence={"LC04": View.FULL}))

    answer = world.push(asked([{"code": "LC04", "view": "full"}]))

    assert "does not need" in answer.json()["error_description"]


@pytest.mark.parametrize(
    "row",
    [
        case(department_id=OTHER_DEPARTMENT),
        case(item="another"),
        case(state=CaseState.DRAFT),
        case(state=CaseState.CLOSED),
    ],
    ids=lambda row: row.state,
)
def test_b36_the_case_is_open_and_of_this_department_and_item(world: World, row: Any) -> None:  # noqa: ANN401
    world.memory.add(row)

    answer = world.push()

    assert "does not belong" in answer.json()["error_description"]


def test_b36_the_case_is_of_the_kind_of_holder_that_is_named(world: World) -> None:
    world.memory.add(holder(SPACE, HolderKind.ORGANISATION))

    answer = world.push()

    assert "does not belong" in answer.json()["error_description"]


def test_b36_a_case_of_another_department_looks_like_one_that_is_not_there(world: World) -> None:
    world.memory.add(case(department_id=OTHER_DEPARTMENT))
    there = world.push()

    missing = world.push([details(case="missing")])

    assert there.json() == missing.json()


def test_fields_that_are_not_named_are_those_that_the_item_needs(world: World) -> None:
    text = json.dumps(asked([{"code": "LC04", "view": "summary"}, {"code": "ID01"}]))

    with world.memory.work() as tx:
        wanted = read_wanted(
            text,
            client=world.memory.rows.clients[ClientId("licensing")],
            origin=ORIGIN,
            tx=tx,
            now=NOW,
        )

    assert wanted.details.evidence == {
        "LC04": EvidenceGrant(
            code="LC04",
            view=View.SUMMARY,
            fields=frozenset(items()[ITEM].requirements["LC04"].fields),
        ),
        "ID01": EvidenceGrant(code="ID01", view=View.VERIFY, fields=frozenset()),
    }
