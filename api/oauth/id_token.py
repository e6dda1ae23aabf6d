"""ID tokens (OpenID Connect Core 2, trap D13): who signed in, when and how, for one client.

Everything is taken from the rows of the sign-in and the client. The kernel's own makers invent
``auth_time`` and let user claims overwrite ``iss`` and ``aud``; here registered claims come
last, and there are no others. ``sub`` is random, and the same for all systems of a department.
"""

from collections.abc import Mapping
from hashlib import sha256, sha512
from typing import Any, Final

from api.oauth.server import Server
from vault.base64url import to_base64url
from vault.clients.protocol import Authentication
from vault.clients.signing_keys import SigningAlgorithm, SigningPurpose
from vault.clients.told import ToldClient
from vault.ids import ID_BYTES
from vault.ports import Tx
from vault.services.sign_in import LONGEST_SECONDS

LIFETIME_SECONDS: Final = 300
CLAIMS: Final = (
    *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"),
)
ALGORITHMS: Final = (*(one.value for one in SigningAlgorithm), "EdDSA")


def id_token(
    server: Server,
    auth: Authentication,
    *,
    access_token: str,
    nonce: str = "",
    beside: Mapping[str, Any] | None = None,
) -> str | None:
    """Return an ID token, and write that the client was told of the sign-in.

    Args:
        server: Of the proven client, in the unit of work that issues.
        auth: As it travelled with the code or token; nothing in it is invented here.
        access_token: That goes with it, for ``at_hash``.
        nonce: Of the request, byte for byte; empty for none.
        beside: Further claims; the registered ones win.

    Returns:
        The token, or ``None`` where the sign-in has ended: clients hear of no sign-in after
        they would have heard of its end.

    Raises:
        KeyUnavailableError: No key for the client's signature is there yet.
    """
    client, now = server.client, server.now
    if not _lasts(auth, now=now):
        return None
    sub = server.tx.protocol.add_subject(
        auth.person, sector=client.department_id, fresh=server.provider.vault.random(ID_BYTES)
    )
    told = ToldClient(
        sid=auth.sid,
        client_id=client.client_id,
        sub=sub,
        expires_at=auth.auth_time + 2 * LONGEST_SECONDS,
    )
    if auth.sid and not server.tx.protocol.tell_client(told):
        return None
    algorithm = client.metadata.id_token_alg
    claims = {
        **(beside or {}),
        "aud": client.client_id,
        "sub": subject_text(sub),
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "auth_time": auth.auth_time,
        "acr": auth.acr,
        "at_hash": half_hash(access_token, algorithm=algorithm),
    }
    optional = {
        "nonce": nonce,
        "amr": list(auth.amr),
        "sid": to_base64url(auth.sid),
    }
    return server.provider.signer.sign(
        purpose=SigningPurpose.ID_TOKEN,
        alg=algorithm,
        claims=claims | {name: value for name, value in optional.items() if value},
    )


def goes_on(tx: Tx, auth: Authentication, *, now: int) -> bool:
    """Say whether a sign-in may still be told of: it can last, and nobody has ended it."""
    return _lasts(auth, now=now) and not tx.protocol.told_ended(auth.sid)


def subject_text(sub: bytes) -> str:
    """Return a ``sub`` as tokens write it."""
    return to_base64url(sub)


def half_hash(text: str, *, algorithm: str) -> str:
    """Return the left half of the hash that goes with a signature (Core 3.1.3.6)."""
    edwards = SigningAlgorithm.named(algorithm) is SigningAlgorithm.ED25519
    digest = (sha512 if edwards else sha256)(text.encode()).digest()
    return to_base64url(digest[: len(digest) // 2])


def _lasts(auth: Authentication, *, now: int) -> bool:
    return now < auth.auth_time + LONGEST_SECONDS
