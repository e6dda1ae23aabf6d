"""``GET|POST /oauth/userinfo`` (OpenID Connect Core 5.3, trap D16): who signed in, to whom.

A resource like any other: the token is bound, comes in the header only, and its proof is spent.
What it says is what its scopes ask for, which today is ``sub``; never a number of a person.
The right to ask ends with the sign-in, whatever else the token is good for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.deps import Presented, TokenResolver
from api.oauth.id_token import goes_on, subject_text
from api.oauth.provider import Provider
from policies.scopes import OPENID
from vault.clients.signing_keys import SigningPurpose

PATH: Final = "/oauth/userinfo"
JWT: Final = "application/jwt"
CLAIMS: Final = ("sub",)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfo:
    """What is answered.

    Attributes:
        claims: As JSON says them.
        jwt: The same, signed for this client, where it asked for that (Core 5.3.2).
    """

    claims: Mapping[str, Any]
    jwt: str = ""


def user_info(
    provider: Provider, resolve: TokenResolver, shown: Presented, *, accept: str
) -> UserInfo:
    """Return the claims; the proof is spent first.

    Args:
        provider: The collaborators.
        resolve: Knows tokens.
        shown: The request.
        accept: Header ``Accept``; one that names ``application/jwt`` gets a signed answer.

    Raises:
        ChallengeError: No live token for this, or its sign-in has ended.
        KeyUnavailableError: No key for the client's signature is there yet.
    """
    bearer = resolve.once(shown, scope=OPENID)
    auth, client = bearer.live.token.auth, bearer.live.client
    sub = None
    with provider.vault.read() as tx:
        if auth is not None and goes_on(tx, auth, now=provider.now()):
            sub = tx.protocol.subject(auth.person, sector=client.department_id)
    if sub is None:
        raise resolve.ended()
    claims = {"sub": subject_text(sub)}
    if not _names_jwt(accept):
        return UserInfo(claims=claims)
    jwt = provider.signer.sign(
        purpose=SigningPurpose.USERINFO,
        alg=client.metadata.id_token_alg,
        claims=claims | {"aud": client.client_id, "iat": provider.now()},
    )
    return UserInfo(claims=claims, jwt=jwt)


def _names_jwt(accept: str) -> bool:
    kinds = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    return JWT in kinds
