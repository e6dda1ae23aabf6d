"""Client authentication by ``private_key_jwt`` (RFC 7523) or by certificate (RFC 8705 s. 2).

Mechanisms are counted first; a client has the one that it is registered for; keys and
certificates are registered by value; every failure is one ``invalid_client`` with one text. A
``jti`` that verified is spent even when the request fails later, so the proven client carries
its replay row. A certificate proves only who is registered for one; to others it binds tokens.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from api.middleware import seen
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.jose import (
    BadJwsError,
    Jws,
    KeyCache,
    VerifyKey,
    date_claim,
    key_for,
    read_jws,
    text_claim,
    verify,
)
from api.oauth.mtls import MutualTls, shown_certificate
from vault.clients import Client, ClientStatus
from vault.clients.authorities import check_certificate
from vault.clients.metadata import AuthMethod
from vault.clients.protocol import Claim
from vault.departments import Department, DepartmentStatus
from vault.errors import InvalidInputError
from vault.ids import ClientId
from vault.ports import Tx

METHOD: Final = "private_key_jwt"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_CLIENT_ID_CHARACTERS: Final = 255
MAX_JTI_CHARACTERS: Final = 128
LONGEST_SECONDS: Final = 600
AHEAD_SECONDS: Final = 30
LEEWAY_SECONDS: Final = 10
KEPT_SECONDS: Final = 60
"""How long a replay row outlives its assertion: a server whose clock is ahead sweeps for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A client that proved itself.

    Attributes:
        claim: Replay row of the assertion; not yet written. A certificate has none.
    """

    client: Client
    department: Department
    claim: Claim | None


def authenticate(
    frozen: Frozen,
    *,
    tx: Tx,
    origin: str,
    keys: KeyCache,
    now: int,
    mtls: MutualTls | None = None,
) -> Proven:
    """Return the client that this request proves; writes nothing.

    Args:
        frozen: The request.
        tx: Where clients are read.
        origin: The issuer; the only audience that is taken, as a plain string.
        keys: Where imported keys are kept.
        now: UTC seconds.
        mtls: What is turned on of certificates.

    Raises:
        FaultError: ``invalid_client``, or ``invalid_request`` for more than one mechanism.
    """
    assertion = _only_mechanism(frozen)
    claim = None
    try:
        if assertion:
            jws = read_jws(assertion)
            name = ClientId(text_claim(jws.claims, "sub", longest=MAX_CLIENT_ID_CHARACTERS))
            client = _registered(name, tx=tx)
            verify(jws, key=_key(client, jws=jws, keys=keys))
            claim = _checked(jws, client=client, origin=origin, now=now)
        else:
            client = _by_certificate(frozen, tx=tx, mtls=mtls, now=now)
    except (BadJwsError, InvalidInputError) as error:
        raise FaultError(Say.CLIENT, reason=str(error)) from error
    if frozen.form.get("client_id", client.client_id) != client.client_id:
        raise FaultError(Say.CLIENT, reason="client_id is of another client")
    department = tx.departments.get(client.department_id)
    if client.status is not ClientStatus.ACTIVE:
        raise FaultError(Say.CLIENT, reason="the client is not active")
    if department is None or department.status is not DepartmentStatus.ACTIVE:
        raise FaultError(Say.CLIENT, reason="the department is not active")
    return Proven(client=client, department=department, claim=claim)


def _only_mechanism(frozen: Frozen) -> str:
    """Return the assertion; nothing where a certificate is all that can speak for the client."""
    form = frozen.form
    assertion = form.get("client_assertion", "")
    sent = [*frozen.authorization, assertion, form.get("client_secret", "")]
    if sum(map(bool, sent)) > 1:
        raise FaultError(Say.MECHANISMS)
    if not any(sent) and frozen.certificate:
        return ""
    if not assertion or form.get("client_assertion_type") != ASSERTION_TYPE:
        schemes = [value.partition(" ")[0].lower() for value in frozen.authorization]
        raise FaultError(Say.CLIENT, reason="no assertion", basic="basic" in schemes)
    return assertion


def _by_certificate(frozen: Frozen, *, tx: Tx, mtls: MutualTls | None, now: int) -> Client:
    """Return the client that the form names, and that its certificate proves."""
    certificate = shown_certificate(mtls, frozen.certificate)
    if mtls is None or certificate is None:
        raise BadJwsError("no assertion")
    name = frozen.form.get("client_id", "")
    if not name.isascii() or not name.isprintable() or len(name) > MAX_CLIENT_ID_CHARACTERS:
        raise BadJwsError("there is no such client")
    client = _registered(ClientId(name), tx=tx)
    check_certificate(client, certificate, authorities=mtls.authorities, now=now)
    return client


def _registered(client_id: ClientId, *, tx: Tx) -> Client:
    found = tx.clients.get(client_id)
    if found is None:
        raise BadJwsError("there is no such client")
    seen().by(found.client_id, proven=False)
    return found


def _key(client: Client, *, jws: Jws, keys: KeyCache) -> VerifyKey:
    if client.metadata.auth_method is not AuthMethod.PRIVATE_KEY_JWT:
        raise BadJwsError("the client is registered for a certificate")
    return key_for(jws, jwks=client.jwks, keys=keys)


def _checked(jws: Jws, *, client: Client, origin: str, now: int) -> Claim:
    claims = jws.claims
    kind = jws.header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise BadJwsError("the type is not JWT")
    if claims.get("iss") != client.client_id:
        raise BadJwsError("iss and sub differ")
    if claims.get("aud") != origin:
        raise BadJwsError("aud is not the issuer as a string")
    expires = date_claim(claims, "exp")
    if not now - LEEWAY_SECONDS < expires <= now + LONGEST_SECONDS:
        raise BadJwsError("exp is past, or more than ten minutes ahead")
    for name in ("iat", "nbf"):
        if name in claims and date_claim(claims, name) > now + AHEAD_SECONDS:
            raise BadJwsError(f"{name} is ahead")
    jti = text_claim(claims, "jti", longest=MAX_JTI_CHARACTERS)
    spent = f"{client.client_id}\x00{jti}".encode("utf-8", "surrogatepass")
    return Claim(
        kind="assertion",
        key_hash=sha256(spent).digest(),
        expires_at=expires + LEEWAY_SECONDS + KEPT_SECONDS,
    )
