"""An independent client (requests-oauth2client) exchanges a token on a real port."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from jwskate import Jwk
from requests_oauth2client import InvalidRequest, OAuth2Client, PrivateKeyJwt

from policies.items import items
from scripts.demo_department import DepartmentSystem
from scripts.registering import register
from tests.support.portal_mandates import filled
from tests.support.portal_world import DAY, FOOD, MARKET, PortalWorld, open_portal
from vault.clients.profiles import TOKEN_EXCHANGE
from vault.services.open_case import OpenCase, open_case

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type


@pytest.fixture
def served(tmp_path: Path) -> Iterator[PortalWorld]:
    """Serve a deployment of its own on a free port of this machine."""
    with open_portal(tmp_path) as found:
        yield found


def firm_client(world: PortalWorld, code: str) -> OAuth2Client:
    """Register the system of an agent firm with a key that the peer made; return the peer."""
    key = Jwk.generate(alg="ES256").with_kid_thumbprint()
    file = {
        "client_id": "agency-system",
        "department": code,
        "name_zh": "代理系统",
        "name_en": "Agent system",
        "profile": "fapi2",
        "jwks": {"keys": [dict(key.public_jwk())]},
        "grant_types": [TOKEN_EXCHANGE],
        "evidence": {"ID01": "full"},
        "service_items": [FOOD],
        "organisation": {
            "name_zh": "示例代理所",
            "name_en": "Example Agency",
            "contact": "agency@example.org",
            "privacy_officer": "privacy@example.org",
        },
    }
    register(world.vault, json.dumps(file), demo=True)
    address = f"{world.origin}/.well-known/oauth-authorization-server"
    return OAuth2Client.from_discovery_document(
        requests.get(address, timeout=5).json(),
        issuer=world.origin,
        testing=True,
        auth=PrivateKeyJwt("agency-system", key, alg="ES256", aud=world.origin),
        dpop_bound_access_tokens=True,
    )


def test_b52_an_independent_client_exchanges_a_token_and_pulls_with_it(
    served: PortalWorld,
) -> None:
    agency, holder = served.enterprise(), served.settled()
    firm = firm_client(served, agency.number)
    giver = served.strong(holder)
    form = filled(giver, agency, act=["exchange"], evidence=["ID01"], item=[FOOD])
    assert giver.send("/space/mandates/give", form).status_code == 303
    system = DepartmentSystem(served.clients[MARKET], origin=served.origin)
    case = open_case(
        served.vault,
        OpenCase(caller=served.caller(MARKET), number=served.number(holder), item=FOOD),
    )
    need, now = items()[FOOD].requirements["ID01"], served.now()
    details = {
        "type": "evidence_access",
        "basis": "consent",
        "subject": {"kind": "person"},
        "purpose": {"code": items()[FOOD].purposes[0], "note": "核对开业条件"},
        "item": FOOD,
        "case": case.case_no,
        "evidence": [{"code": "ID01", "view": "full", "fields": list(need.fields)}],
        "valid": {"from": now - 60, "to": now + DAY},
        "retention_days": 30,
    }
    asked, address = system.ask(details, locale="zh-CN")
    visitor = served.member(holder)
    visitor.open(address)
    answer = visitor.submit(holding="give-ID01", **{"give-ID01": "full", "act": "give"})
    token = system.redeem(asked, callback=answer.headers["location"])

    part = firm.token_exchange(
        subject_token=token.access_token, subject_token_type=ACCESS_TOKEN, dpop=True
    )

    assert part.token_type == "DPoP"  # noqa: S105 - a scheme, not a secret
    assert part.authorization_details[0]["basis"] == "mandate"
    pulled = requests.get(
        f"{served.origin}/v1/evidence/ID01", params={"view": "full"}, auth=part, timeout=5
    )
    assert pulled.json()["fields"]["name"] == holder.name
    with pytest.raises(InvalidRequest):
        firm.token_exchange(
            subject_token=part.access_token, subject_token_type=ACCESS_TOKEN, dpop=True
        )
