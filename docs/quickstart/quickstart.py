"""One pull from end to end, against a sandbox.

Needs: pip install requests-oauth2client
"""

import json
import sys
import time
import uuid

import requests
from jwskate import Jwk
from requests_oauth2client import (
    OAuth2Client,
    PrivateKeyJwt,
)

ORIGIN = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765"
REDIRECT = "http://127.0.0.1:8799/callback"
ITEM = "11110105PDY001055R4000131050400"  # A taxi driver's certificate.


def enter(key: Jwk) -> str:
    """Register a system with its public key; return its client_id. In a sandbox only."""
    newcomer = {
        "jwks": {"keys": [key.public_jwk().to_dict()]},
        "department": "11110105PDY001055R",  # District transport: whose item that is.
        "redirect_uris": [REDIRECT],
    }
    answer = requests.post(f"{ORIGIN}/sandbox/clients", json=newcomer, timeout=10)
    answer.raise_for_status()
    return answer.json()["client_id"]


def main() -> None:
    """Enter a system, open a case, ask, pull, and print what came."""
    key = Jwk.generate(alg="ES256").with_kid_thumbprint()
    client_id = enter(key)
    print(f"1. client      {client_id}")

    system = OAuth2Client.from_discovery_endpoint(
        url=f"{ORIGIN}/.well-known/oauth-authorization-server",
        issuer=ORIGIN,
        auth=PrivateKeyJwt(client_id, key, aud=ORIGIN),  # aud is the issuer, nothing else.
        redirect_uri=REDIRECT,
        dpop_bound_access_tokens=True,
        testing=ORIGIN.startswith("http://"),  # Plain http is for this machine alone.
    )

    personas = requests.get(f"{ORIGIN}/sandbox/personas", timeout=10).json()
    lin = next(one for one in personas if one["persona"] == "lin")
    own = system.client_credentials(scope="cases:write")
    case = requests.post(
        f"{ORIGIN}/v1/cases",
        json={"holder": {"type": lin["kind"], "value": lin["number"]}, "item": ITEM},
        headers={"Idempotency-Key": str(uuid.uuid4())},
        auth=own,
        timeout=10,
    ).json()
    print(f"2. case        {case['case_no']}")

    now = int(time.time())
    wanted = {
        "type": "evidence_access",
        "locations": [ORIGIN],
        "basis": "consent",
        "subject": {"kind": "person"},
        "purpose": {"code": "licence_application", "note": "核对申请人的驾驶资格"},
        "item": ITEM,
        "case": case["case_no"],
        "evidence": [{"code": "LC05", "view": "full", "fields": ["license_no", "vehicle_class"]}],
        "legal": {"article": "licensing-31"},
        "valid": {"from": now, "to": now + 86400},
        "retention_days": 30,
    }
    asked = system.authorization_request(
        scope=None, dpop=True, authorization_details=json.dumps([wanted], ensure_ascii=False)
    )
    address = system.pushed_authorization_request(asked).uri
    print(f"3. send the holder's browser to {address}")

    # The persona decides by itself; a real browser would come back to REDIRECT with this.
    callback = requests.get(address, allow_redirects=False, timeout=10).headers["Location"]
    token = system.authorization_code(asked.validate_callback(callback))
    print(f"4. token       {token.token_type}, {token.expires_in} s, grant {token.grant_id}")

    evidence = requests.get(
        f"{ORIGIN}/v1/evidence/LC05",
        params={"view": "full", "fields": "license_no,vehicle_class"},
        auth=token,
        timeout=10,
    )
    evidence.raise_for_status()
    released = evidence.json()
    print(f"5. evidence    {released['fields']}")
    print(f"6. receipt     entry {released['receipt']['index']} of the public log")


if __name__ == "__main__":
    main()
