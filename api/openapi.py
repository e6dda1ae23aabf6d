"""The application whose OpenAPI document is true: how callers prove themselves is part of it."""

from typing import Any, Final

from fastapi import FastAPI

from api.deps import SIGNIN_COOKIE

BY_TOKEN: Final[dict[str, Any]] = {"security": [{"dpop": []}, {"certificate": []}]}
"""An operation that takes an access token with its proof, or with its certificate."""

BY_SIGN_IN: Final[dict[str, Any]] = {"security": [{"signin": []}]}
"""An operation of a holder who is signed in at the portal."""

BY_FORM: Final[dict[str, Any]] = {"security": [{"signin": [], "form": []}]}
"""One that changes something: the browser's own page must have sent it."""

PUBLIC: Final[dict[str, Any]] = {"security": []}
"""An operation that anybody may call."""

_SCHEMES: Final = {
    "dpop": {
        "type": "http",
        "scheme": "DPoP",
        "description": "Authorization: DPoP <token>, and a proof in the header DPoP (RFC 9449)",
    },
    "certificate": {
        "type": "http",
        "scheme": "bearer",
        "description": "Authorization: Bearer <token>, with the client certificate that it was "
        "issued to (RFC 8705): at the alias that the metadata name, where there is one",
    },
    "signin": {
        "type": "apiKey",
        "in": "cookie",
        "name": f"__Host-{SIGNIN_COOKIE}",
        "description": "the portal's sign-in; without the prefix where there is no TLS",
    },
    "form": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "the token of the sign-in's own pages; Origin must be the issuer",
    },
}


class Application(FastAPI):
    """Adds the security schemes to what FastAPI describes."""

    def openapi(self) -> dict[str, Any]:
        """Return the document; the same object each time."""
        if self.openapi_schema is None:
            found = super().openapi()
            found.setdefault("components", {})["securitySchemes"] = _SCHEMES
        return super().openapi()


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a model's JSON schema with its definitions in their places, for use anywhere."""
    definitions = schema.get("$defs", {})

    def put(part: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(part, list):
            return [put(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return put(definitions[part["$ref"].rpartition("/")[2]])
        return {name: put(one) for name, one in part.items() if name != "$defs"}

    found: dict[str, Any] = put(schema)
    return found
