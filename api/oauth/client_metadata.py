"""Client metadata on the wire (RFC 7591 s. 2): what a request says, and what an answer repeats.

Members that nobody here knows are ignored, as RFC 7591 asks; those that would have the server
read an address, and secrets, are refused. Whatever the statement says wins.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.oauth.errors import FaultError, Say
from api.oauth.granted import TYPE
from api.oauth.jose import SIGNING_ALGORITHMS, BadJwsError, KeyCache
from policies.scopes import View
from vault.clients import Client, Profile
from vault.clients.keys import plain_jwks, read_jwks
from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.clients.profiles import AUTHORIZATION_CODE
from vault.clients.statements import Rights, Wish
from vault.errors import InvalidInputError

MAX_TEXT: Final = 512
MAX_LIST: Final = 500
MAX_ADDRESSES: Final = 20
PING: Final = "ping"
CALLED: Final = frozenset(
    {"redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri"}
    | {"registration_client_uri"}
)
"""Addresses that a browser is led to or that messages go to; nothing is read from them."""

SECRETS: Final = frozenset({"client_secret", "client_secret_expires_at"})

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Words = Annotated[list[Text], Field(max_length=MAX_LIST)]
Addresses = Annotated[list[Text], Field(max_length=MAX_ADDRESSES)]


class Asked(BaseModel):
    """What a request may say; a member that is absent asks for all that the statement has.

    Attributes:
        profile, evidence, issue_codes, service_items: Ours; the rest is of RFC 7591, OpenID
            Connect Registration, its logout specifications, and CIBA.
    """

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    software_statement: str = ""
    jwks: dict[str, Any]
    redirect_uris: Addresses = []
    grant_types: Words = [AUTHORIZATION_CODE]
    response_types: Annotated[list[Literal["code"]], Field(max_length=1)] = []
    token_endpoint_auth_method: Literal["private_key_jwt"] = "private_key_jwt"  # noqa: S105 - the name of a method, not a secret
    scope: Text | None = None
    authorization_details_types: Annotated[list[Literal["evidence_access"]], Field()] = []
    dpop_bound_access_tokens: Literal[True] = True
    profile: Text | None = None
    evidence: Annotated[dict[str, Text], Field(max_length=MAX_LIST)] | None = None
    issue_codes: Words | None = None
    service_items: Words | None = None
    post_logout_redirect_uris: Addresses = []
    backchannel_logout_uri: Text = ""
    backchannel_token_delivery_mode: Literal["poll", "ping"] | None = None
    backchannel_client_notification_endpoint: Text = ""
    id_token_signed_response_alg: Text = "ES256"  # noqa: S105 - as above

    def wish(self) -> Wish:
        """Return which rights are asked for.

        Raises:
            ValueError: There is no such profile or view.
        """
        return Wish(
            profile=None if self.profile is None else Profile(self.profile),
            scopes=None if self.scope is None else frozenset(self.scope.split()),
            evidence=None
            if self.evidence is None
            else {code: View.of(label) for code, label in self.evidence.items()},
            issue_codes=None if self.issue_codes is None else frozenset(self.issue_codes),
            service_items=None if self.service_items is None else frozenset(self.service_items),
        )

    def changed(self, client: Client, *, rights: Rights, jwks: str) -> Client:
        """Return ``client`` with everything that a request decides."""
        return replace(
            client,
            jwks=jwks,
            redirect_uris=tuple(self.redirect_uris),
            grant_types=frozenset(self.grant_types),
            scopes=rights.scopes,
            evidence=rights.evidence,
            issue_codes=rights.issue_codes,
            service_items=rights.service_items,
            metadata=replace(
                client.metadata,
                auth_method=AuthMethod(self.token_endpoint_auth_method),
                post_logout_redirect_uris=tuple(self.post_logout_redirect_uris),
                backchannel_logout_uri=self.backchannel_logout_uri,
                ciba_notification_uri=self.backchannel_client_notification_endpoint,
                id_token_alg=self.id_token_signed_response_alg,
            ),
        )


def read_asked(body: Mapping[str, Any]) -> Asked:
    """Return what a body asks for.

    Raises:
        FaultError: ``invalid_client_metadata``; the reason names the members.
    """
    read_from = sorted(name for name in body if _would_read(name))
    if read_from or SECRETS & body.keys():
        raise FaultError(Say.METADATA_READ)
    try:
        asked = Asked.model_validate(dict(body))
    except ValidationError as error:
        names = sorted({str(one["loc"][0]) for one in error.errors()})
        raise FaultError(Say.METADATA, reason=f"malformed: {', '.join(names)}") from error
    pings = asked.backchannel_token_delivery_mode == PING
    if pings != bool(asked.backchannel_client_notification_endpoint):
        raise FaultError(Say.METADATA, reason="ping needs an address, and an address needs ping")
    if asked.id_token_signed_response_alg not in SIGNING_ALGORITHMS:
        raise FaultError(Say.METADATA, reason="no such algorithm: id_token_signed_response_alg")
    return asked


def read_keys(asked: Asked, *, keys: KeyCache) -> str:
    """Return the keys as they are kept: each valid, and with nothing private in it.

    Raises:
        FaultError: ``invalid_client_metadata``.
    """
    try:
        found = read_jwks(json.dumps(asked.jwks))
        for key in found:
            keys.load(key)
    except (BadJwsError, InvalidInputError) as error:
        raise FaultError(Say.METADATA_KEYS, reason=str(error)) from error
    return plain_jwks(found)


def described(client: Client) -> dict[str, Any]:
    """Return what is registered of a client, in the words of RFC 7591."""
    metadata = client.metadata
    flows = AUTHORIZATION_CODE in client.grant_types
    body = {
        "client_id": client.client_id,
        "client_name": client.name_zh,
        "client_name#zh-CN": client.name_zh,
        "client_name#en": client.name_en,
        "status": client.status.value,
        "profile": client.profile.value,
        "jwks": json.loads(client.jwks),
        "token_endpoint_auth_method": metadata.auth_method.value,
        "dpop_bound_access_tokens": True,
        "grant_types": sorted(client.grant_types),
        "response_types": ["code"] if flows else [],
        "redirect_uris": list(client.redirect_uris),
        "scope": " ".join(sorted(client.scopes)),
        "authorization_details_types": [TYPE] if client.evidence else [],
        "evidence": {code: view.label for code, view in sorted(client.evidence.items())},
        "issue_codes": sorted(client.issue_codes),
        "service_items": sorted(client.service_items),
        "software_id": metadata.software_id,
        "software_version": metadata.software_version,
        "id_token_signed_response_alg": metadata.id_token_alg,
    }
    return body | _addresses(metadata)


def _addresses(metadata: ClientMetadata) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if metadata.post_logout_redirect_uris:
        found["post_logout_redirect_uris"] = list(metadata.post_logout_redirect_uris)
    if metadata.backchannel_logout_uri:
        found["backchannel_logout_uri"] = metadata.backchannel_logout_uri
    if metadata.ciba_notification_uri:
        found["backchannel_token_delivery_mode"] = PING
        found["backchannel_client_notification_endpoint"] = metadata.ciba_notification_uri
    return found


def _would_read(name: str) -> bool:
    return name.endswith(("_uri", "_uris", "_url", "_urls")) and name not in CALLED
