"""What the server says of itself (RFC 8414, RFC 9728): computed from the wiring, never typed.

Only what is registered is advertised. Until ID tokens exist there is no OpenID document, and
the key set is empty (architecture.md 9.16).
"""

from collections.abc import Sequence
from typing import Any, Final

from api.consent_page import LOCALES
from api.oauth.client_auth import METHOD
from api.oauth.endpoints.grants import ACTIONS
from api.oauth.endpoints.grants import PATH as GRANTS
from api.oauth.endpoints.register import PATH as REGISTER
from api.oauth.granted import TYPE
from api.oauth.grants.code import S256
from api.oauth.jose import SIGNING_ALGORITHMS
from api.oauth.kernel import AuthorizationServerMetadata
from api.oauth.mtls import MutualTls
from api.oauth.token import GRANT_TYPES
from policies.catalogue import catalogue
from policies.scopes import OFFLINE_ACCESS, REGISTRY_SCOPES
from vault.clients.levels import AAL1

ENDPOINTS: Final = {
    "authorization_endpoint": "/oauth/authorize",
    "pushed_authorization_request_endpoint": "/oauth/par",
    "token_endpoint": "/oauth/token",
    "introspection_endpoint": "/oauth/introspect",
    "revocation_endpoint": "/oauth/revoke",
    "grant_management_endpoint": GRANTS,
    "jwks_uri": "/.well-known/jwks.json",
}
NOT_ALIASED: Final = frozenset({"authorization_endpoint", "jwks_uri"})
"""Where browsers come, and what is public: nobody is asked for a certificate there."""

SERVER_METADATA: Final = "/.well-known/oauth-authorization-server"
REGISTRATION_ENDPOINT: Final = "registration_endpoint"
RESOURCE_METADATA: Final = "/.well-known/oauth-protected-resource"
JWKS: Final[dict[str, list[object]]] = {"keys": []}


def server_metadata(
    origin: str,
    *,
    mtls: MutualTls | None = None,
    levels: Sequence[str] = (AAL1,),
    registers: bool = False,
) -> dict[str, Any]:
    """Return the metadata of RFC 8414, checked by the kernel's own validator.

    Args:
        origin: The issuer.
        mtls: What is turned on of client certificates.
        levels: What somebody can sign in with here.
        registers: A registry is configured, so that clients may register themselves.

    Raises:
        ValueError: The origin cannot be an issuer.
    """
    methods, algorithms = _methods(mtls), list(SIGNING_ALGORITHMS)
    found = AuthorizationServerMetadata(
        issuer=origin,
        **{name: f"{origin}{path}" for name, path in ENDPOINTS.items()},
        require_pushed_authorization_requests=True,
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=list(GRANT_TYPES),
        code_challenge_methods_supported=list(S256.SUPPORTED_CODE_CHALLENGE_METHOD),
        scopes_supported=sorted([*_scopes(), OFFLINE_ACCESS]),
        authorization_details_types_supported=[TYPE],
        authorization_response_iss_parameter_supported=True,
        dpop_signing_alg_values_supported=algorithms,
        token_endpoint_auth_methods_supported=methods,
        token_endpoint_auth_signing_alg_values_supported=algorithms,
        introspection_endpoint_auth_methods_supported=methods,
        introspection_endpoint_auth_signing_alg_values_supported=algorithms,
        revocation_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_signing_alg_values_supported=algorithms,
        grant_management_actions_supported=list(ACTIONS),
        acr_values_supported=list(levels),
        prompt_values_supported=["none", "login", "consent"],
        ui_locales_supported=list(LOCALES),
        **_by_certificate(mtls),
    )
    if registers:
        found[REGISTRATION_ENDPOINT] = f"{origin}{REGISTER}"
    found.validate()
    return dict(found)


def resource_metadata(origin: str, *, mtls: MutualTls | None = None) -> dict[str, Any]:
    """Return the metadata of RFC 9728: one resource, the origin itself."""
    certificates = {"tls_client_certificate_bound_access_tokens": True} if mtls else {}
    return {
        "resource": origin,
        "authorization_servers": [origin],
        "scopes_supported": _scopes(),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "dpop_bound_access_tokens_required": mtls is None,
        **certificates,
        "authorization_details_types_supported": [TYPE],
    }


def _methods(mtls: MutualTls | None) -> list[str]:
    return [METHOD, *(one.value for one in (mtls.methods if mtls else ()))]


def _by_certificate(mtls: MutualTls | None) -> dict[str, Any]:
    """Return what RFC 8705 adds (s. 3.3, 5): the endpoints that see a caller's certificate."""
    if mtls is None:
        return {}
    aliased = {name: path for name, path in ENDPOINTS.items() if name not in NOT_ALIASED}
    return {
        "tls_client_certificate_bound_access_tokens": True,
        "mtls_endpoint_aliases": {name: f"{mtls.alias}{path}" for name, path in aliased.items()},
    }


def _scopes() -> list[str]:
    offered = (kind for kind in catalogue().values() if kind.offered)
    evidence = [str(kind.scope(view)) for kind in offered for view in sorted(kind.views)]
    return sorted([*evidence, *REGISTRY_SCOPES])
