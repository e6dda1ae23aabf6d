"""From asking who signed in to signing out, by an independent client and a person's browser."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from requests_oauth2client import DPoPKey, IdToken, OAuth2Client, PrivateKeyJwt

from scripts.demo_clients import REDIRECT
from scripts.demo_people import Somebody
from tests.support.portal_world import FOOD, MARKET, PortalWorld
from vault.consents import ConsentStatus
from vault.services.open_case import OpenCase, open_case

ES256 = "ES256"


def client_of(world: PortalWorld) -> OAuth2Client:
    session = requests.Session()
    session.trust_env = False
    own = world.clients[MARKET]
    return OAuth2Client.from_discovery_endpoint(
        url=f"{world.origin}/.well-known/openid-configuration",
        issuer=world.origin,
        auth=PrivateKeyJwt(own.client_id, dict(own.key), aud=world.origin),
        session=session,
        redirect_uri=REDIRECT,
        dpop_bound_access_tokens=True,
        id_token_signed_response_alg=ES256,
        testing=True,
    )


def details_for(world: PortalWorld, holder: Somebody) -> dict[str, Any]:
    asked = OpenCase(caller=world.caller(MARKET), number=world.number(holder), item=FOOD)
    case, now = open_case(world.vault, asked), world.now()
    return {
        "type": "evidence_access",
        "locations": [world.origin],
        "basis": "consent",
        "subject": {"kind": "person"},
        "purpose": {"code": "licence_application", "note": "核对开业条件"},
        "item": FOOD,
        "case": case.case_no,
        "evidence": [{"code": "ID01", "view": "verify"}],
        "valid": {"from": now - 60, "to": now + 3600},
        "uses": 2,
        "retention_days": 30,
    }


def test_a_client_learns_who_signed_in_and_leads_out_again(world: PortalWorld) -> None:
    holder, client = world.settled(), client_of(world)
    asked = client.authorization_request(
        scope="openid",
        dpop=True,
        dpop_key=DPoPKey.generate(),
        authorization_details=json.dumps([details_for(world, holder)]),
    )
    visitor = world.member(holder)
    shown = visitor.open(client.pushed_authorization_request(asked).uri)
    answer = visitor.submit(holding="give-ID01", **{"give-ID01": "verify", "act": "give"})

    # The library validates ID tokens, and then fails to put one beside a DPoP key.
    back = asked.validate_callback(answer.headers["location"])
    token = client.authorization_code(back, validate=False)

    assert "部门会知道登录的是同一个人" in shown.text
    told = token.id_token
    assert isinstance(told, IdToken)
    assert told.verify_signature(client.authorization_server_jwks, alg=ES256)
    assert (told.issuer, told.claims["nonce"]) == (world.origin, asked.nonce)
    assert client.userinfo(token) == {"sub": told.subject}
    hint = urlencode({"id_token_hint": str(told), "client_id": client.client_id})
    page = visitor.open(f"/oauth/end_session?{hint}")
    gone = visitor.submit(holding="ticket")
    assert "示范区市场监督管理局（模拟）请您也从这里退出" in page.text
    assert gone.headers["location"] == "/space/left"
    with pytest.raises(requests.HTTPError, match="401"):
        client.userinfo(token)
    [consent] = world.consents(holder)
    assert consent.status is ConsentStatus.ACTIVE
