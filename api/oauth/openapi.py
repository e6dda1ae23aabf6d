"""What the OpenAPI document says of the forms: names, bounds, and which are required."""

from typing import Any, Final

from api.oauth.client_auth import ASSERTION_TYPE
from api.oauth.endpoints.introspect import SIGNED
from api.oauth.frozen import JSON_TYPE, MEDIA_TYPE
from api.oauth.grants.exchange import TOKEN_TYPE
from api.oauth.jar import MAX_CHARACTERS
from api.oauth.jarm import MODES
from api.oauth.renewing import ACTIONS
from vault.clients.profiles import TOKEN_EXCHANGE

_TEXT: Final = {"type": "string", "minLength": 1}
_PRINTABLE: Final = {"type": "string", "pattern": "^[ -~]{1,4096}$"}
_CLIENT: Final[dict[str, Any]] = {
    "client_id": _TEXT,
    "client_assertion_type": {"type": "string", "const": ASSERTION_TYPE},
    "client_assertion": {"type": "string", "minLength": 1, "maxLength": 8192},
}
_FORMS: Final[dict[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "/oauth/par": (
        {
            "request": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS},
            "response_type": {"type": "string", "const": "code"},
            "redirect_uri": {"type": "string", "format": "uri"},
            "code_challenge": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
            "code_challenge_method": {"type": "string", "const": "S256"},
            "authorization_details": {"type": "string", "maxLength": 16384},
            "scope": _TEXT,
            "state": _PRINTABLE,
            "nonce": _PRINTABLE,
            "resource": _TEXT,
            "acr_values": _TEXT,
            "claims": {"type": "string", "maxLength": 4096},
            "max_age": {"type": "string", "pattern": "^[0-9]{1,9}$"},
            "prompt": {"type": "string", "enum": ["none", "login", "consent"]},
            "ui_locales": _TEXT,
            "dpop_jkt": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
            "response_mode": {"type": "string", "enum": list(MODES)},
            "grant_management_action": {"type": "string", "enum": list(ACTIONS)},
            "grant_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        },
        (),
    ),
    "/oauth/device_authorization": (
        {
            "authorization_details": {"type": "string", "maxLength": 16384},
            "scope": _TEXT,
            "resource": _TEXT,
            "acr_values": _TEXT,
            "ui_locales": _TEXT,
            "dpop_jkt": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
        },
        ("authorization_details",),
    ),
    "/oauth/bc-authorize": (
        {"request": {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS}},
        ("request",),
    ),
    "/oauth/token": (
        {
            "grant_type": {
                "type": "string",
                "enum": [
                    "authorization_code",
                    "refresh_token",
                    "client_credentials",
                    "urn:ietf:params:oauth:grant-type:device_code",
                    "urn:openid:params:grant-type:ciba",
                    TOKEN_EXCHANGE,
                ],
            },
            "code": _TEXT,
            "redirect_uri": {"type": "string", "format": "uri"},
            "code_verifier": {"type": "string", "minLength": 43, "maxLength": 128},
            "refresh_token": _TEXT,
            "device_code": _TEXT,
            "auth_req_id": _TEXT,
            "subject_token": _TEXT,
            "subject_token_type": {"type": "string", "const": TOKEN_TYPE},
            "requested_token_type": {"type": "string", "const": TOKEN_TYPE},
            "audience": _TEXT,
            "scope": _TEXT,
            "authorization_details": {"type": "string", "maxLength": 16384},
            "resource": _TEXT,
        },
        ("grant_type",),
    ),
    "/oauth/introspect": ({"token": _TEXT, "token_type_hint": _TEXT}, ("token",)),
    "/oauth/revoke": ({"token": _TEXT, "token_type_hint": _TEXT}, ("token",)),
}
_EITHER: Final = {
    "/oauth/par": (
        ("request",),
        (
            "response_type",
            "redirect_uri",
            "code_challenge",
            "code_challenge_method",
            "authorization_details",
        ),
    ),
}
"""What must be there, one way or the other: a request is signed as a whole, or not at all."""

_SIGNED: Final = {
    "/oauth/introspect": {"200": {"content": {SIGNED: {"schema": {"type": "string"}}}}},
}
_ERROR: Final = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}
_REFUSALS: Final = {
    "400": "refused",
    "401": "the client did not prove itself",
    "413": "the body is too long",
    "415": "the body is no form",
    "429": "too often",
    "503": "try again",
}


BY_GRANT_TOKEN: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "header", "required": needed, "schema": {"type": "string"}}
        for name, needed in (("Authorization", True), ("DPoP", False))
    ],
    "responses": {
        status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
        for status, text in {
            "404": "this client was granted nothing under that id",
            "503": "try again",
        }.items()
    }
    | {
        "401": {"description": "the token or its proof is not live"},
        "403": {"description": "the token lacks the scope"},
    },
}
"""What the grant endpoint takes and refuses; with the token goes its proof or certificate."""


BY_OPENID_TOKEN: Final[dict[str, Any]] = {
    "parameters": BY_GRANT_TOKEN["parameters"],
    "responses": {
        "200": {
            "description": "who signed in",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["sub"],
                        "properties": {"sub": {"type": "string"}},
                    }
                },
                "application/jwt": {"schema": {"type": "string"}},
            },
        },
        "503": BY_GRANT_TOKEN["responses"]["503"],
        "401": {"description": "the token or its proof is not live, or the sign-in has ended"},
        "403": {"description": "the token lacks the scope"},
    },
}
"""What the endpoint about who signed in takes and refuses."""

_CLIENT_METADATA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["jwks"],
    "properties": {
        "software_statement": _TEXT,
        "jwks": {"type": "object", "required": ["keys"]},
        "redirect_uris": {"type": "array", "maxItems": 20, "items": {"type": "string"}},
        "grant_types": {"type": "array", "items": {"type": "string"}},
        "response_types": {"type": "array", "items": {"type": "string", "const": "code"}},
        "token_endpoint_auth_method": {"type": "string", "const": "private_key_jwt"},
        "scope": {"type": "string", "maxLength": 512},
        "profile": {"type": "string", "maxLength": 512},
        "evidence": {
            "type": "object",
            "additionalProperties": {"type": "string", "enum": ["verify", "summary", "full"]},
        },
        "issue_codes": {"type": "array", "items": {"type": "string"}},
        "service_items": {"type": "array", "items": {"type": "string"}},
        "post_logout_redirect_uris": {
            "type": "array",
            "maxItems": 20,
            "items": {"type": "string"},
        },
        "backchannel_logout_uri": {"type": "string", "maxLength": 512},
        "backchannel_token_delivery_mode": {"type": "string", "enum": ["poll", "ping"]},
        "backchannel_client_notification_endpoint": {"type": "string", "maxLength": 512},
        "id_token_signed_response_alg": {"type": "string"},
    },
}


def registering(verb: str) -> dict[str, Any]:
    """Return the body, header and refusals of a request that manages a registration."""
    refusals = dict(_REFUSALS) | {
        "401": "the token is not live, or of another client",
        "415": "the body is not JSON",
    }
    if verb == "PUT":
        refusals["403"] = "the client is suspended"
    if verb in {"GET", "DELETE"}:
        refusals = {name: refusals[name] for name in ("401", "429", "503")}
    found: dict[str, Any] = {
        "parameters": [
            {
                "name": "Authorization",
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
            for status, text in refusals.items()
        },
    }
    if verb in {"POST", "PUT"}:
        content = {JSON_TYPE: {"schema": _CLIENT_METADATA}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def form(path: str) -> dict[str, Any]:
    """Return the request body, headers and refusals of the endpoint at ``path``."""
    own, required = _FORMS[path]
    schema = {
        "type": "object",
        "properties": {**own, **_CLIENT},
        "required": [*required],
        "anyOf": [
            {"required": ["client_assertion_type", "client_assertion"]},
            {"required": ["client_id"]},  # By certificate (RFC 8705 s. 2).
        ],
        "additionalProperties": False,
    }
    if path in _EITHER:
        schema["anyOf"] = [{"required": list(names)} for names in _EITHER[path]]
    return {
        "requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}},
        "parameters": [
            {"name": "DPoP", "in": "header", "required": False, "schema": {"type": "string"}}
        ],
        "responses": {
            status: {
                "description": text,
                "content": {"application/json": {"schema": _ERROR}},
            }
            for status, text in _REFUSALS.items()
        }
        | _SIGNED.get(path, {}),
    }
