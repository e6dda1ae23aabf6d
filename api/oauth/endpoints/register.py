"""``POST /oauth/register`` (RFC 7591) and ``GET|PUT|DELETE …/{client_id}`` (RFC 7592).

The kernel's endpoints are not used: they hand out client secrets, take a statement without its
dates, answer a missing token with 400, and print (traps D17, D18). A client enters as pending;
a person approves it. Whoever shows a registration token manages that one client: for any other,
one that is not there and one that is closed, the answer is the same 401.
"""

import re
from dataclasses import replace
from hmac import compare_digest
from typing import Final, NoReturn

from api.limits import taken
from api.middleware import seen
from api.oauth.answer import Answer
from api.oauth.client_metadata import Asked, described, read_asked, read_keys
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import FrozenJson
from api.oauth.provider import Provider
from api.oauth.statement import verified_statement
from policies.errors import ScopeError
from vault.clients import Client, ClientStatus
from vault.clients.metadata import ClientMetadata
from vault.clients.profiles import CLIENT_CREDENTIALS
from vault.clients.registrations import InitialToken, Registration
from vault.clients.statements import Rights, Statement, granted_rights, rights_of
from vault.clock import MS
from vault.crypto.tokens import well_formed
from vault.errors import ConflictError, InvalidInputError, NotFoundError, ReplayedError
from vault.ids import ClientId, DepartmentId
from vault.services.change_client import CHANGEABLE, change_client
from vault.services.close_client import close_client
from vault.services.self_register import (
    INITIAL_TOKEN,
    REGISTRATION_TOKEN,
    SelfRegister,
    live_initial_token,
    self_register,
)

PATH: Final = "/oauth/register"
ID_BYTES: Final = 10
_ID: Final = re.compile(r"c-[0-9a-f]{20}")
"""Clients that registered themselves are named so; the operator names others."""

SET_BY_SERVER: Final = frozenset(
    {"registration_access_token", "registration_client_uri", "client_id_issued_at"}
)
WHOLE: Final = frozenset(
    {
        *("client_id", "software_statement", "jwks", "token_endpoint_auth_method", "profile"),
        *("grant_types", "redirect_uris", "scope", "evidence", "issue_codes", "service_items"),
    }
)
"""What an update must carry (RFC 7592 s. 2.2); any other member is removed by leaving it out."""


def register(provider: Provider, frozen: FrozenJson) -> Answer:
    """Enter a client that waits for its approval; answer with what manages it."""
    now = provider.now()
    token = _initial_token(provider, frozen, now=now)
    asked = read_asked(frozen.body)
    statement = verified_statement(
        asked.software_statement,
        registry=provider.registry,
        keys=provider.keys,
        origin=provider.origin,
        now=now,
    )
    _check_department(provider, statement, token=token)
    client = _client(provider, asked, statement=statement, department_id=token.department_id)
    secret = provider.secrets.mint(REGISTRATION_TOKEN)
    registration = Registration(
        client_id=client.client_id,
        token_hash=provider.secrets.hash(secret),
        statement=asked.software_statement,
        once=statement.once,
        registered_at=now,
    )
    entered = SelfRegister(client=client, registration=registration, token_hash=token.token_hash)
    try:
        self_register(provider.vault, entered, demo=provider.demo)
    except InvalidInputError as error:
        _refuse(error)
    except ReplayedError as error:
        raise _unproven(Say.INITIAL_TOKEN, reason="the token was spent meanwhile") from error
    except NotFoundError as error:
        raise FaultError(Say.UNAPPROVED, reason="the department is not active") from error
    except ConflictError as error:
        raise FaultError(Say.STATEMENT, reason="the statement was used before") from error
    return _told(provider, client, registration=registration, secret=secret, status=201)


def read_registration(provider: Provider, frozen: FrozenJson, *, client_id: str) -> Answer:
    """Return what is registered now."""
    client, registration, secret = _managed(provider, frozen, client_id=client_id)
    return _told(provider, client, registration=registration, secret=secret)


def replace_registration(provider: Provider, frozen: FrozenJson, *, client_id: str) -> Answer:
    """Replace what is registered: narrower, or with other keys; never wider."""
    before, registration, secret = _managed(provider, frozen, client_id=client_id)
    if before.status not in CHANGEABLE:
        raise FaultError(Say.SUSPENDED)
    body = frozen.body
    if not body.keys() >= WHOLE or body.keys() & SET_BY_SERVER:
        raise FaultError(Say.METADATA_WHOLE)
    if body["client_id"] != before.client_id:
        raise FaultError(Say.METADATA, reason="client_id is of another client")
    asked = read_asked(body)
    if asked.software_statement != registration.statement:
        raise FaultError(Say.UNAPPROVED, reason="another statement takes a new registration")
    rights = _updated_rights(asked, before=before)
    changed = asked.changed(before, rights=rights, jwks=read_keys(asked, keys=provider.keys))
    if changed != before:
        try:
            change_client(provider.vault, changed, before=before, demo=provider.demo)
        except InvalidInputError as error:
            _refuse(error)
        except ConflictError as error:
            raise FaultError(Say.BUSY, reason="the client was changed meanwhile") from error
    return _told(provider, changed, registration=registration, secret=secret)


def end_registration(provider: Provider, frozen: FrozenJson, *, client_id: str) -> Answer:
    """Close the client for good; whatever was granted to it releases nothing any more."""
    client, _, _ = _managed(provider, frozen, client_id=client_id)
    try:
        close_client(provider.vault, client.client_id)
    except ConflictError as error:
        raise FaultError(Say.BUSY, reason="the client was changed meanwhile") from error
    return Answer(status=204)


def _told(
    provider: Provider,
    client: Client,
    *,
    registration: Registration,
    secret: str,
    status: int = 200,
) -> Answer:
    body = described(client) | {
        "software_statement": registration.statement,
        "client_id_issued_at": registration.registered_at,
        "registration_client_uri": provider.url(f"{PATH}/{client.client_id}"),
        "registration_access_token": secret,
    }
    return Answer(status=status, body=body)


def _check_department(provider: Provider, statement: Statement, *, token: InitialToken) -> None:
    with provider.vault.read() as tx:
        found = tx.departments.get(token.department_id)
    if found is None or found.code != statement.department:
        raise FaultError(Say.UNAPPROVED, reason="the token is of another department")


def _client(
    provider: Provider, asked: Asked, *, statement: Statement, department_id: DepartmentId
) -> Client:
    """Return the client as it would be entered: what the statement says wins."""
    try:
        profile, rights = granted_rights(statement, asked.wish())
    except (InvalidInputError, ScopeError, ValueError) as error:
        raise _wider(error) from error
    if asked.scope is None and CLIENT_CREDENTIALS not in asked.grant_types:
        rights = replace(rights, scopes=frozenset())
    bare = Client(
        client_id=ClientId(f"c-{provider.vault.random(ID_BYTES).hex()}"),
        department_id=department_id,
        name_zh=statement.name_zh,
        name_en=statement.name_en,
        profile=profile,
        status=ClientStatus.PENDING,
        jwks="",
        redirect_uris=(),
        grant_types=frozenset(),
        scopes=frozenset(),
        evidence={},
        issue_codes=frozenset(),
        service_items=frozenset(),
        version=1,
        metadata=ClientMetadata(
            software_id=statement.software_id, software_version=statement.software_version
        ),
    )
    return asked.changed(bare, rights=rights, jwks=read_keys(asked, keys=provider.keys))


def _updated_rights(asked: Asked, *, before: Client) -> Rights:
    """Return the rights that an update asks for; whether they are fewer, the verb says."""
    try:
        wish = asked.wish()
    except (ScopeError, ValueError) as error:
        raise _wider(error) from error
    if wish.profile is not before.profile:
        raise FaultError(Say.METADATA_WIDER, reason="the profile is fixed")
    now = rights_of(before)
    return Rights(
        scopes=now.scopes if wish.scopes is None else wish.scopes,
        evidence=now.evidence if wish.evidence is None else wish.evidence,
        issue_codes=now.issue_codes if wish.issue_codes is None else wish.issue_codes,
        service_items=now.service_items if wish.service_items is None else wish.service_items,
    )


def _wider(error: Exception) -> FaultError:
    field = error.field if isinstance(error, InvalidInputError) else "profile or evidence"
    return FaultError(Say.METADATA_WIDER, reason=f"not in the statement: {field}")


def _refuse(error: InvalidInputError) -> NoReturn:
    """Answer what a rule of the profile refused; the reason names the member."""
    says = {"redirect_uris": Say.REDIRECTS, "jwks": Say.METADATA_KEYS}
    say = says.get(error.field, Say.METADATA)
    raise FaultError(say, reason=f"{error.field}: {error}") from error


def _initial_token(provider: Provider, frozen: FrozenJson, *, now: int) -> InitialToken:
    taken(provider.limits.strangers, frozen.network, now_ms=now * MS)
    secret = _bearer(frozen, prefix=INITIAL_TOKEN)
    found = None
    if secret:
        with provider.vault.read() as tx:
            found = live_initial_token(tx, provider.secrets.hashes(secret), now=now)
    if found is None:
        raise _unproven(Say.INITIAL_TOKEN)
    return found


def _managed(
    provider: Provider, frozen: FrozenJson, *, client_id: str
) -> tuple[Client, Registration, str]:
    """Return the client that the shown token manages, its registration, and the token."""
    now_ms = provider.now() * MS
    secret = _bearer(frozen, prefix=REGISTRATION_TOKEN)
    name = ClientId(client_id if _ID.fullmatch(client_id) else "")
    with provider.vault.read() as tx:
        registration = tx.registrations.of_client(name)
        client = tx.clients.get(name)
    if client is not None and registration is not None:
        hashes = provider.secrets.hashes(secret)
        shown = any(compare_digest(one, registration.token_hash) for one in hashes)
        if shown and client.status is not ClientStatus.CLOSED:
            seen().by(client.client_id, proven=True)
            taken(provider.limits.protocol, client.client_id, now_ms=now_ms)
            return client, registration, secret
    taken(provider.limits.strangers, frozen.network, now_ms=now_ms)
    raise _unproven(Say.REGISTRATION_TOKEN)


def _bearer(frozen: FrozenJson, *, prefix: str) -> str:
    """Return the one bearer token of this kind that was shown, or an empty string."""
    if len(frozen.authorization) != 1:
        return ""
    scheme, _, token = frozen.authorization[0].partition(" ")
    fits = scheme.lower() == "bearer" and well_formed(token, prefix=prefix)
    return token if fits else ""


def _unproven(say: Say, *, reason: str = "no such token") -> FaultError:
    return FaultError(say, reason=reason, challenge='Bearer error="invalid_token"')
