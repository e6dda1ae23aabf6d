"""The whole promise over HTTP: deposit, ask, consent, release, verify, take back, be refused."""

from scripts.demo_proofs import bundle_proves, receipt_proves, release_proves
from tests.support.http_world import CODE, FIELDS, HttpWorld
from vault.journal.kinds import Kind


def test_evidence_is_released_under_a_consent_and_no_more_after_it_was_taken_back(
    world: HttpWorld,
) -> None:
    person = world.person()

    deposited = world.police.deposit(person).json()
    token, browser = world.granted(person)
    pulled = world.market.pull(token)
    accesses = browser.get("/v1/me/accesses").json()["accesses"]
    newest = accesses[0]
    proof = browser.get(f"/v1/me/accesses/{newest['entry_id']}/proof")
    [consent] = browser.get("/v1/me/consents").json()
    revoked = browser.post(f"/v1/me/consents/{consent['grant_id']}/revoke")
    refused = world.market.pull(token)

    trust = world.trust()
    receipt_proves(deposited["receipt"]["text"], trust=trust)
    body = pulled.json()
    assert pulled.status_code == 200
    assert body["held"] is True
    assert body["fields"] == {
        "name": person.name,
        "id_number": person.number,
        "valid_to": "2040-05-18",
    }
    assert tuple(sorted(body["fields"])) == tuple(sorted(FIELDS))
    assert body["code"] == CODE
    assert release_proves(body, trust=trust).kind is Kind.PULL
    assert bundle_proves(proof.content, trust=trust).kind is Kind.PULL
    assert pulled.headers["vault-log"] == f"{body['receipt']['log']} {body['receipt']['index']}"
    assert pulled.headers["cache-control"] == "no-store"
    receipt_proves(revoked.json()["receipt"]["text"], trust=trust)
    assert refused.status_code == 401
    assert [one["kind"] for one in accesses] == [
        "pull",
        "consent.give",
        "case.open",
        "deposit",
        "holder.opened",
    ]
