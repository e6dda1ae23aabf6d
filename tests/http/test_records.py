"""Issuing departments: deposits, revisions and changes of status, and what is refused."""

import json
from typing import Any

import pytest

from scripts.demo_proofs import receipt_proves
from tests.support.http_world import PDF, HttpWorld, identity_card, unique


def told(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - an answer of the test client
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_deposit_is_answered_with_its_receipt(world: HttpWorld) -> None:
    answer = world.police.deposit(world.person())

    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert (body["version"], len(body["record_id"])) == (1, 32)
    proven = receipt_proves(body["receipt"]["text"], trust=world.trust())
    assert proven.index == body["receipt"]["index"]
    assert proven.checkpoint.origin == body["receipt"]["log"] == world.vault.logs[0].origin


def test_the_same_deposit_under_the_same_id_is_made_once(world: HttpWorld) -> None:
    person, request_id = world.person(), unique()
    body = identity_card(person)

    first = world.police.send("/v1/records", body, request_id=request_id)
    second = world.police.send("/v1/records", body, request_id=request_id)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["record_id"] == second.json()["record_id"]
    assert first.json()["receipt"]["index"] == second.json()["receipt"]["index"]
    assert len(world.browser(person).get("/v1/me/records").json()) == 1


def test_the_same_id_for_something_else_is_a_conflict(world: HttpWorld) -> None:
    person, request_id = world.person(), unique()
    world.police.send("/v1/records", identity_card(person), request_id=request_id)

    other = identity_card(person, valid_to="2041-05-18")
    answer = world.police.send("/v1/records", other, request_id=request_id)

    assert told(answer) == (409, "conflict")


@pytest.mark.parametrize("request_id", [None, "x" * 129, "a b", "a\tb"])
def test_a_deposit_needs_an_id_of_visible_ascii(world: HttpWorld, request_id: str | None) -> None:
    answer = world.police.send("/v1/records", identity_card(world.person()), request_id=request_id)

    assert told(answer) == (422, "malformed")
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"


def test_a_client_that_does_not_issue_this_evidence_is_refused(world: HttpWorld) -> None:
    person = world.person()

    answer = world.market.deposit(person)

    assert told(answer) == (403, "access-denied")
    assert answer.json()["reasons"] == ["issue-not-registered"]


def test_a_token_without_the_scope_is_refused_with_a_challenge(world: HttpWorld) -> None:
    token = world.police.token("registry:read")

    answer = world.police.send("/v1/records", identity_card(world.person()), token=token)

    assert told(answer) == (403, "forbidden")
    assert (
        'error="insufficient_scope", scope="records:write"' in answer.headers["www-authenticate"]
    )


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("110105190001010019", "CHECK"),
        ("\uff1110105190001010010", "CHARSET"),
        ("11010519000101001", "LENGTH"),
        ("110105190013010010", "DATE"),
    ],
)
def test_a_wrong_number_is_refused_by_the_name_of_the_rule(
    world: HttpWorld, number: str, reason: str
) -> None:
    body = identity_card(world.person(), holder={"type": "resident_id_18", "value": number})

    answer = world.police.send("/v1/records", body)

    assert told(answer) == (400, "bad-number")
    assert (answer.json()["reasons"], answer.json()["field"]) == ([reason], "value")
    assert number not in answer.text


@pytest.mark.parametrize("kind", ["mobile_cn", "resident_id", ""])
def test_a_kind_that_keys_no_space_is_refused(world: HttpWorld, kind: str) -> None:
    body = identity_card(world.person(), holder={"type": kind, "value": "13900000000"})

    answer = world.police.send("/v1/records", body)

    assert answer.status_code in {400, 422}
    assert "13900000000" not in answer.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unknown": 1}, "body.unknown"),
        ({"code": 1}, "body.code"),
        ({"code": None}, "body.code"),
        ({"status": "08"}, "body.status"),
        ({"valid_to": "2040-5-18"}, "body.valid_to"),
        ({"valid_to": 20400518}, "body.valid_to"),
        ({"valid_to": "20400518"}, "body.valid_to"),
        ({"fields": {"name": 1.5}}, "body.fields.name.constrained-str"),
        ({"fields": {"Name": "x"}}, "body.fields.Name.[key]"),
        ({"fields": {"name": "\ud800"}}, "body.fields.name.constrained-str"),
        ({"holder": {"type": "uscc", "value": "1", "guess": True}}, "body.holder.guess"),
    ],
)
def test_what_does_not_fit_the_document_is_named_and_refused(
    world: HttpWorld, changes: dict[str, Any], field: str
) -> None:
    answer = world.police.send("/v1/records", identity_card(world.person(), **changes))

    assert told(answer) == (422, "malformed")
    assert field in [one["field"] for one in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "XX01"}, "code"),
        ({"fields": {"name": "王示例"}}, "sex"),
        ({"valid_from": "2041-01-01"}, "valid_to"),
    ],
)
def test_what_breaks_a_rule_of_the_catalogue_is_named_and_refused(
    world: HttpWorld, changes: dict[str, Any], field: str
) -> None:
    answer = world.police.send("/v1/records", identity_card(world.person(), **changes))

    assert told(answer) == (422, "invalid-input")
    assert answer.json()["field"] == field


def test_files_are_taken_beside_the_record_and_opened_by_their_holder(world: HttpWorld) -> None:
    person = world.person()

    answer = world.police.upload(
        "/v1/records",
        identity_card(person),
        [("正面 scan.pdf", PDF), ("back.pdf", PDF * 100_000)],
    )

    record_id = answer.json()["record_id"]
    browser = world.browser(person)
    opened = browser.get(f"/v1/me/records/{record_id}").json()
    assert answer.status_code == 201
    assert [(one["number"], one["name"], one["size_bytes"]) for one in opened["files"]] == [
        (1, "正面 scan.pdf", len(PDF)),
        (2, "back.pdf", len(PDF) * 100_000),
    ]
    assert browser.get(f"/v1/me/records/{record_id}/files/2").content == PDF * 100_000


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (("a.pdf", b"MZ\x90\x00 not a document"), (415, "unsupported-file")),
        (("../a.pdf", PDF), (422, "invalid-input")),
        (("a\u202efdp.exe", PDF), (422, "invalid-input")),
    ],
)
def test_a_file_that_may_not_be_kept_is_refused_with_everything(
    world: HttpWorld, file: tuple[str, bytes], expected: tuple[int, str]
) -> None:
    answer = world.police.upload("/v1/records", identity_card(world.person()), [file])

    assert told(answer) == expected


def test_more_files_than_a_record_has_are_refused(world: HttpWorld) -> None:
    files = [(f"{at}.pdf", PDF) for at in range(21)]

    answer = world.police.upload("/v1/records", identity_card(world.person()), files)

    assert told(answer) == (422, "invalid-input")


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("text/plain", b"{}", 415),
        ("", b"{}", 415),
        ("multipart/form-data", b"", 400),
        ("multipart/form-data; boundary=x", b"broken", 400),
        ("multipart/form-data; boundary=x", b"--x\r\ncut", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422),
        ("application/json", b'{"code": "ID01", "code": "ID02"}', 422),
        ("application/json", b"[" * 100_000, 422),
        ("application/json", b"\xff", 422),
        ("application/json", b"NaN", 422),
        ("application/json", b"", 422),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_refused(
    world: HttpWorld, content_type: str, content: bytes, status: int
) -> None:
    answer = world.police.send("/v1/records", content, Content_Type=content_type)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_that_breaks_off_inside_a_file_deposits_nothing(world: HttpWorld) -> None:
    person, record_id = world.settled()
    record = json.dumps(identity_card(person))
    content = (
        f'--x\r\nContent-Disposition: form-data; name="record"\r\n\r\n{record}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7'
    ).encode()

    answer = world.police.send(
        "/v1/records", content, Content_Type="multipart/form-data; boundary=x"
    )

    records = world.browser(person).get("/v1/me/records").json()
    assert told(answer) == (400, "bad-request")
    assert [one["record_id"] for one in records] == [record_id]


def test_a_form_takes_nothing_but_the_record_and_its_files(world: HttpWorld) -> None:
    headers = world.police.headers("POST", "/v1/records", token=world.police.token())

    answer = world.http.post(
        "/v1/records",
        data={"record": "{}"},
        files=[("other", ("a.pdf", PDF))],
        headers=headers | {"Idempotency-Key": unique()},
    )

    assert told(answer) == (422, "malformed")


def test_a_revision_follows_the_version_that_it_names(world: HttpWorld) -> None:
    person, record_id = world.settled()
    path = f"/v1/records/{record_id}/versions"
    body = identity_card(person, valid_to="2041-05-18")
    for name in ("holder", "holder_name", "contact"):
        del body[name]

    by_header = world.police.send(path, body, If_Match='"1"')
    stale = world.police.send(path, body, If_Match='"1"')
    by_body = world.police.send(path, body | {"expected_version": 2})
    unsaid = world.police.send(path, body)
    both = world.police.send(path, body | {"expected_version": 2}, If_Match='"3"')

    assert (by_header.status_code, by_header.json()["version"]) == (201, 2)
    assert told(stale) == (409, "conflict")
    assert (by_body.status_code, by_body.json()["version"]) == (201, 3)
    assert told(unsaid) == told(both) == (422, "invalid-input")


def test_a_status_is_put_and_pulls_tell_it(world: HttpWorld) -> None:
    person, record_id = world.settled()
    token, _ = world.granted(person)
    path = f"/v1/records/{record_id}/status"

    put = world.police.send(
        path, {"status": "02", "expected_version": 1}, method="PUT", request_id=None
    )
    stale = world.police.send(path, {"status": "01", "expected_version": 1}, method="PUT")
    verified = world.market.pull(token, view="verify")

    assert (put.status_code, put.json()["version"]) == (200, 2)
    assert told(stale) == (409, "conflict")
    assert verified.json()["status"] == "02"


def test_a_change_of_status_under_the_same_id_is_made_once(world: HttpWorld) -> None:
    _, record_id = world.settled()
    path, request_id = f"/v1/records/{record_id}/status", unique()
    body = {"status": "02", "expected_version": 1}

    first = world.police.send(path, body, method="PUT", request_id=request_id)
    second = world.police.send(path, body, method="PUT", request_id=request_id)

    assert (first.json()["version"], second.json()["version"]) == (2, 2)
    assert first.json()["receipt"]["entry_id"] == second.json()["receipt"]["entry_id"]


def test_somebody_elses_record_and_no_record_are_the_same(world: HttpWorld) -> None:
    _, record_id = world.settled()
    body = {"status": "02", "expected_version": 1}

    other = world.schools.send(f"/v1/records/{record_id}/status", body, method="PUT")
    none = world.schools.send(f"/v1/records/{'0' * 32}/status", body, method="PUT")

    assert other.status_code == none.status_code
    assert other.json().keys() - {"instance"} == none.json().keys() - {"instance"}
