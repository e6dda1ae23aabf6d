"""What a client says of itself beyond rights and keys (RFC 7591 s. 2): flat, and all optional.

It lies in one column as canonical JSON; what stands at its default is left out, so that a
program which knows more members reads what an older one wrote.
"""

import json
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from vault.errors import IntegrityError


class AuthMethod(StrEnum):
    """How a client proves itself (RFC 7523, RFC 8705 s. 2)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """Members by value; no address among them is ever read from.

    Attributes:
        auth_method: The one that it is registered for.
        tls_subject: Whom its certificate must name, as ``certificates.Subject.text`` writes it.
        tls_thumbprints: SHA-256 of its own certificates, base64url.
        post_logout_redirect_uris: Exact strings.
        backchannel_logout_uri: Where logout tokens go; empty for nowhere.
        ciba_notification_uri: Where pings go; empty where it polls.
        id_token_alg: What our JWTs for it are signed with: ID tokens, JARM answers, signed
            introspection, logout tokens.
        location: Where its kiosk or window stands, in the department's words.
        software_id, software_version: Of the software statement it came with.
    """

    auth_method: AuthMethod = AuthMethod.PRIVATE_KEY_JWT
    tls_subject: str = ""
    tls_thumbprints: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    ciba_notification_uri: str = ""
    id_token_alg: str = "ES256"  # noqa: S105 - the name of an algorithm, not a secret
    location: str = ""
    software_id: str = ""
    software_version: str = ""

    def to_json(self) -> str:
        """Return canonical JSON of what differs from the defaults."""
        usual = type(self)()
        named = ((one.name, getattr(self, one.name)) for one in fields(self))
        told = {name: value for name, value in named if value != getattr(usual, name)}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what ``to_json`` wrote.

        Raises:
            IntegrityError: The text is something else.
        """
        try:
            found: dict[str, Any] = json.loads(text)
            if "auth_method" in found:
                found["auth_method"] = AuthMethod(found["auth_method"])
            lists = {name: tuple(one) for name, one in found.items() if isinstance(one, list)}
            return cls(**(found | lists))
        except (AttributeError, TypeError, ValueError) as error:
            raise IntegrityError("the metadata of a client are malformed") from error
