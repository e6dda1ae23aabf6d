"""What the server says of itself (RFC 8414, RFC 9728): computed from the wiring, never typed.

Only what is registered is advertised. The document of OpenID Connect is the same, byte for byte.
"""

from collections.abc import Sequence
from typing import Any, Final

from api.consent_page import LOCALES
from api.oauth.client_auth import METHOD
from api.oauth.endpoints.ciba import DELIVERY_MODES
from api.oauth.endpoints.ciba import PATH as COUNTER
from api.oauth.endpoints.device import PATH as DEVICE
from api.oauth.endpoints.end_session import PATH as END_SESSION
from api.oauth.endpoints.grants import ACTIONS
from api.oauth.endpoints.grants import PATH as GRANTS
from api.oauth.endpoints.register import PATH as REGISTER
from api.oauth.endpoints.userinfo import CLAIMS as USER_CLAIMS
from api.oauth.endpoints.userinfo import PATH as USERINFO
from api.oauth.granted import TYPE
from api.oauth.grants.code import S256
from api.oauth.id_token import ALGORITHMS, CLAIMS
from api.oauth.jarm import MODES
from api.oauth.jose import SIGNING_ALGORITHMS
from api.oauth.kernel import AuthorizationServerMetadata, OpenIDProviderMetadata
from api.oauth.mtls import MutualTls
from api.oauth.token import GRANT_TYPES
from policies.catalogue import catalogue
from policies.scopes import IDENTITY_SCOPES, OFFLINE_ACCESS, REGISTRY_SCOPES
from vault.clients.levels import AAL1

ENDPOINTS: Final = {
    "authorization_endpoint": "/oauth/authorize",
    "pushed_authorization_request_endpoint": "/oauth/par",
    "token_endpoint": "/oauth/token",
    "device_authorization_endpoint": DEVICE,
    "backchannel_authentication_endpoint": COUNTER,
    "introspection_endpoint": "/oauth/introspect",
    "revocation_endpoint": "/oauth/revoke",
    "userinfo_endpoint": USERINFO,
    "end_session_endpoint": END_SESSION,
    "grant_management_endpoint": GRANTS,
    "jwks_uri": "/.well-known/jwks.json",
}
NOT_ALIASED: Final = frozenset({"authorization_endpoint", "end_session_endpoint", "jwks_uri"})
"""Where browsers come, and what is public: nobody is asked for a certificate there."""

SERVER_METADATA: Final = "/.well-known/oauth-authorization-server"
OPENID_METADATA: Final = "/.well-known/openid-configuration"
REGISTRATION_ENDPOINT: Final = "registration_endpoint"
RESOURCE_METADATA: Final = "/.well-known/oauth-protected-resource"


class OpenIdMetadata(OpenIDProviderMetadata):
    """The kernel's validator; it would demand RS256, which FAPI 2.0 forbids (s. 5.4)."""

    def validate_id_token_signing_alg_values_supported(self) -> None:
        """Require what is signed with here."""
        if set(self["id_token_signing_alg_values_supported"]) != set(ALGORITHMS):
            raise ValueError("ID tokens are signed with other algorithms")


def server_metadata(
    origin: str,
    *,
    mtls: MutualTls | None = None,
    levels: Sequence[str] = (AAL1,),
    registers: bool = False,
) -> dict[str, Any]:
    """Return the metadata of RFC 8414 and OpenID Connect, checked by the kernel's validators.

    Args:
        origin: The issuer.
        mtls: What is turned on of client certificates.
        levels: What somebody can sign in with here.
        registers: A registry is configured, so that clients may register themselves.

    Raises:
        ValueError: The origin cannot be an issuer.
    """
    methods, algorithms = _methods(mtls), list(SIGNING_ALGORITHMS)
    found = OpenIdMetadata(
        issuer=origin,
        **{name: f"{origin}{path}" for name, path in ENDPOINTS.items()},
        require_pushed_authorization_requests=True,
        response_types_supported=["code"],
        response_modes_supported=list(MODES),
        grant_types_supported=list(GRANT_TYPES),
        code_challenge_methods_supported=list(S256.SUPPORTED_CODE_CHALLENGE_METHOD),
        scopes_supported=sorted([*_scopes(), OFFLINE_ACCESS, *IDENTITY_SCOPES]),
        authorization_details_types_supported=[TYPE],
        authorization_response_iss_parameter_supported=True,
        request_object_signing_alg_values_supported=algorithms,
        require_signed_request_object=False,
        request_parameter_supported=True,
        request_uri_parameter_supported=False,
        authorization_signing_alg_values_supported=algorithms,
        introspection_signing_alg_values_supported=algorithms,
        dpop_signing_alg_values_supported=algorithms,
        token_endpoint_auth_methods_supported=methods,
        token_endpoint_auth_signing_alg_values_supported=algorithms,
        introspection_endpoint_auth_methods_supported=methods,
        introspection_endpoint_auth_signing_alg_values_supported=algorithms,
        revocation_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_signing_alg_values_supported=algorithms,
        grant_management_actions_supported=list(ACTIONS),
        backchannel_token_delivery_modes_supported=list(DELIVERY_MODES),
        backchannel_authentication_request_signing_alg_values_supported=algorithms,
        backchannel_user_code_parameter_supported=False,
        acr_values_supported=list(levels),
        prompt_values_supported=["none", "login", "consent"],
        ui_locales_supported=list(LOCALES),
        subject_types_supported=["pairwise"],
        id_token_signing_alg_values_supported=list(ALGORITHMS),
        userinfo_signing_alg_values_supported=list(ALGORITHMS),
        claims_supported=sorted({*CLAIMS, *USER_CLAIMS}),
        claims_parameter_supported=True,
        backchannel_logout_supported=True,
        backchannel_logout_session_supported=True,
        **_by_certificate(mtls),
    )
    if registers:
        found[REGISTRATION_ENDPOINT] = f"{origin}{REGISTER}"
    found.validate()
    AuthorizationServerMetadata(found).validate()
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
