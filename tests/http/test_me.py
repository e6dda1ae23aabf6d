"""Holders under /v1/me: what is theirs, who looked, and taking back."""

import zipfile
from io import BytesIO
from typing import Any

import pytest

from scripts.demo_proofs import bundle_proves, receipt_proves, release_proves
from tests.support.http_world import CODE, PDF, HttpWorld, identity_card
from vault.journal.kinds import Kind


def told(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - an answer of the test client
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_the_own_records_are_listed_without_values_and_opened_with_them(world: HttpWorld) -> None:
    person, record_id = world.settled()
    browser = world.browser(person)

    listed = browser.get("/v1/me/records")
    opened = browser.get(f"/v1/me/records/{record_id}")

    [head] = listed.json()
    body = opened.json()
    assert (head["record_id"], head["code"], head["group"]) == (record_id, CODE, "identity")
    assert person.number not in listed.text
    assert body["fields"] == identity_card(person)["fields"]
    assert {name: body[name] for name in head} == head
    assert release_proves(body, trust=world.trust()).kind is Kind.OWN_READ


def test_a_file_is_sent_so_that_no_browser_runs_it(world: HttpWorld) -> None:
    person = world.person()
    record_id = world.police.upload(
        "/v1/records", identity_card(person), [('正面 "1".pdf'.replace('"', "'"), PDF)]
    ).json()["record_id"]

    answer = world.browser(person).get(f"/v1/me/records/{record_id}/files/1")

    headers = answer.headers
    assert (answer.status_code, answer.content) == (200, PDF)
    assert headers["content-type"] == "application/pdf"
    assert headers["content-length"] == str(len(PDF))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"] == "no-store"
    assert headers["content-disposition"] == (
        "attachment; filename=\"__ '1'.pdf\"; filename*=UTF-8''%E6%AD%A3%E9%9D%A2%20%271%27.pdf"
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/me/records/{other}", 404),
        ("/v1/me/records/{none}", 404),
        ("/v1/me/records/{own}/files/1", 404),
        ("/v1/me/records/{own}/files/0", 422),
        ("/v1/me/records/{own}/files/21", 422),
        ("/v1/me/records/X", 422),
        ("/v1/me/consents/{none}", 404),
        ("/v1/me/accesses/{none}", 404),
        ("/v1/me/accesses/{none}/proof", 404),
        ("/v1/me/accesses?limit=0", 422),
        ("/v1/me/accesses?after=0", 422),
    ],
)
def test_what_is_not_there_or_not_theirs_is_refused(
    world: HttpWorld, path: str, status: int
) -> None:
    person, own = world.settled()
    _, other = world.settled()

    answer = world.browser(person).get(path.format(own=own, other=other, none="0" * 32))

    assert answer.status_code == status


def test_an_entry_of_somebody_else_is_not_there(world: HttpWorld) -> None:
    person, _ = world.settled()
    other, _ = world.settled()
    [entry, *_] = world.browser(other).get("/v1/me/accesses").json()["accesses"]

    answer = world.browser(person).get(f"/v1/me/accesses/{entry['entry_id']}/proof")

    assert told(answer) == (404, "not-found")


def test_the_ledger_is_read_page_by_page_without_a_hole(world: HttpWorld) -> None:
    person, record_id = world.settled()
    browser = world.browser(person)
    for _ in range(3):
        browser.get(f"/v1/me/records/{record_id}")

    first = browser.get("/v1/me/accesses?limit=2").json()
    second = browser.get(f"/v1/me/accesses?limit=100&before={first['older']}").json()

    numbers = [one["number"] for one in (*first["accesses"], *second["accesses"])]
    assert numbers == [4, 3, 2, 1, 0]
    assert second["older"] is None


def test_an_entry_and_its_proof_are_the_same_as_in_the_list(world: HttpWorld) -> None:
    person, _ = world.settled()
    browser = world.browser(person)
    [newest, *_] = browser.get("/v1/me/accesses").json()["accesses"]
    path = f"/v1/me/accesses/{newest['entry_id']}"

    one = browser.get(path).json()
    archive = browser.get(f"{path}/proof")

    assert one == newest
    assert archive.headers["content-type"] == "application/zip"
    assert zipfile.ZipFile(BytesIO(archive.content)).namelist() == [
        "receipt.tlog-proof",
        "opening.json",
        "statement.json",
    ]
    assert bundle_proves(archive.content, trust=world.trust()).kind is Kind.DEPOSIT


def test_a_consent_is_shown_narrowed_and_revoked(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, browser = world.granted(person, uses=5)
    [consent] = browser.get("/v1/me/consents").json()
    path = f"/v1/me/consents/{consent['grant_id']}"

    narrowed = browser.post(
        f"{path}/narrow",
        {"evidence": [{"code": CODE, "view": "summary", "fields": ["name"]}], "uses": 4},
    )
    after = browser.get(path).json()
    full, summary = world.market.pull(token), world.market.pull(token, view="summary")
    revoked = browser.post(f"{path}/revoke")
    again = browser.post(f"{path}/revoke")
    pulled = world.market.pull(token, view="summary")

    receipt_proves(narrowed.json()["receipt"]["text"], trust=world.trust())
    receipt_proves(revoked.json()["receipt"]["text"], trust=world.trust())
    [evidence] = after["evidence"]
    assert (evidence["view"], evidence["fields"]) == ("summary", ["name"])
    assert (after["version"], after["status"]) == (2, "active")
    assert told(full) == (403, "access-denied")
    assert summary.json()["fields"] == {"name": "王**"}
    assert told(again) == (409, "conflict")
    assert told(pulled) == (401, "unauthenticated")
    assert browser.get(path).json()["status"] == "revoked"


def test_a_consent_is_paused_and_resumed(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, browser = world.granted(person, uses=5)
    [consent] = browser.get("/v1/me/consents").json()
    path = f"/v1/me/consents/{consent['grant_id']}"

    paused = browser.post(f"{path}/pause")
    state, pulled = browser.get(path).json()["status"], world.market.pull(token)
    resumed = browser.post(f"{path}/resume")
    after = world.market.pull(token)

    receipt_proves(paused.json()["receipt"]["text"], trust=world.trust())
    receipt_proves(resumed.json()["receipt"]["text"], trust=world.trust())
    assert (state, told(pulled), after.status_code) == ("paused", (401, "unauthenticated"), 200)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (422, "invalid-input")),
        ({"uses": 6}, (422, "invalid-input")),
        ({"retention_days": 31}, (422, "invalid-input")),
        ({"evidence": [{"code": "LC01", "view": "verify"}]}, (422, "invalid-input")),
        ({"evidence": [{"code": CODE, "view": "verify"}] * 2}, (422, "invalid-input")),
        ({"ends_at": 1}, (422, "invalid-input")),
        ({"evidence": []}, (422, "malformed")),
        ({"uses": "1"}, (422, "malformed")),
        ({"what": 1}, (422, "malformed")),
    ],
)
def test_a_consent_is_only_ever_narrowed(
    world: HttpWorld, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    person, _ = world.settled()
    _, browser = world.granted(person, uses=5)
    [consent] = browser.get("/v1/me/consents").json()

    answer = browser.post(f"/v1/me/consents/{consent['grant_id']}/narrow", body)

    assert told(answer) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": ""},
        {"Origin": "null"},
        {"X_CSRF_Token": ""},
        {"X_CSRF_Token": "vcs_" + "A" * 49},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_a_change_that_no_page_of_ours_sent_is_refused(
    world: HttpWorld, headers: dict[str, str]
) -> None:
    person, _ = world.settled()
    token, browser = world.granted(person)
    [consent] = browser.get("/v1/me/consents").json()

    answer = browser.post(f"/v1/me/consents/{consent['grant_id']}/revoke", **headers)

    assert told(answer) == (403, "forbidden")
    assert world.market.pull(token).status_code == 200


def test_the_form_token_of_another_sign_in_changes_nothing(world: HttpWorld) -> None:
    person, _ = world.settled()
    _, browser = world.granted(person)
    [consent] = browser.get("/v1/me/consents").json()
    other = world.browser(person)

    answer = browser.post(
        f"/v1/me/consents/{consent['grant_id']}/revoke", X_CSRF_Token=other.signed.form_token
    )

    assert told(answer) == (403, "forbidden")


@pytest.mark.parametrize("cookie", ["", "vsi_short", "vsi_" + "A" * 49])
def test_nobody_who_is_not_signed_in_sees_anything(world: HttpWorld, cookie: str) -> None:
    headers = {"Cookie": f"__Host-vault-signin={cookie}"} if cookie else {}

    answer = world.http.get("/v1/me/records", headers=headers)

    assert told(answer) == (401, "unauthenticated")


def test_no_bearer_token_opens_a_space(world: HttpWorld) -> None:
    path = "/v1/me/records"
    headers = world.police.headers("GET", path, token=world.police.token())

    answer = world.http.get(path, headers=headers)

    assert told(answer) == (401, "unauthenticated")


def test_the_holder_takes_back_only_what_the_holder_gave(world: HttpWorld) -> None:
    person, _ = world.settled()
    _, browser = world.granted(person)
    [consent] = browser.get("/v1/me/consents").json()
    other, _ = world.settled()

    answer = world.browser(other).post(f"/v1/me/consents/{consent['grant_id']}/revoke")

    assert told(answer) == (404, "not-found")
