"""``id_token_hint``: an ID token of ours says whom it was made for and about whom it is.

Expired ones prove it too, for as long as the public key of their signature is archived.
"""

import json

from api.oauth.jose import BadJwsError, Json, read_jws, verify
from api.oauth.provider import Provider
from vault.clients.keys import read_jwk
from vault.clients.signing_keys import SigningPurpose


def hinted(provider: Provider, hint: str) -> Json:
    """Return the claims of an ID token of ours.

    Raises:
        BadJwsError: It is none.
    """
    jws = read_jws(hint)
    key = provider.signer.proving(str(jws.header.get("kid", "")))
    if key is None or key.slot.purpose is not SigningPurpose.ID_TOKEN:
        raise BadJwsError("no key for ID tokens of ours")
    verify(jws, key=provider.keys.load(read_jwk(json.loads(key.public_jwk))))
    if jws.claims.get("iss") != provider.origin:
        raise BadJwsError("another issuer")
    return jws.claims
