# ruff: noqa: ANN401 - the signatures are those of the kernel
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "AuthorizationCodeGrant",
    "AuthorizationCodeMixin",
    "AuthorizationServer",
    "AuthorizationServerMetadata",
    "BaseGrant",
    "BasicOAuth2Payload",
    "ClientCredentialsGrant",
    "ClientMixin",
    "CodeChallenge",
    "IntrospectionEndpoint",
    "OAuth2Error",
    "OAuth2Request",
    "RefreshTokenGrant",
    "RevocationEndpoint",
    "TokenEndpointMixin",
    "TokenMixin",
]

class OAuth2Error(Exception):
    error: str | None
    description: str
    status_code: int
    state: str | None
    redirect_uri: str | None
    def __init__(
        self,
        description: str | None = ...,
        *,
        status_code: int | None = ...,
        error: str | None = ...,
    ) -> None: ...

class ClientMixin: ...
class AuthorizationCodeMixin: ...
class TokenMixin: ...

class BasicOAuth2Payload:
    def __init__(self, payload: Mapping[str, str]) -> None: ...
    @property
    def data(self) -> Mapping[str, str]: ...
    @property
    def scope(self) -> str | None: ...
    @property
    def state(self) -> str | None: ...
    @property
    def redirect_uri(self) -> str | None: ...

class OAuth2Request:
    uri: str
    headers: Mapping[str, str]
    payload: BasicOAuth2Payload
    client: Any
    user: Any
    authorization_code: Any
    refresh_token: Any
    def __init__(
        self, method: str, uri: str, body: None = ..., headers: Mapping[str, str] | None = ...
    ) -> None: ...
    @property
    def args(self) -> Mapping[str, str]: ...
    @property
    def form(self) -> Mapping[str, str]: ...
    @property
    def scope(self) -> str | None: ...
    @scope.setter
    def scope(self, value: str) -> None: ...

class BaseGrant:
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[Sequence[str]]
    TOKEN_RESPONSE_HEADER: ClassVar[list[tuple[str, str]]]
    GRANT_TYPE: ClassVar[str]
    request: OAuth2Request
    server: Any
    def __init__(self, request: OAuth2Request, server: AuthorizationServer) -> None: ...
    def generate_token(
        self,
        user: Any = ...,
        scope: str | None = ...,
        grant_type: str | None = ...,
        expires_in: int | None = ...,
        include_refresh_token: bool = ...,
    ) -> dict[str, Any]: ...
    def authenticate_token_endpoint_client(self) -> Any: ...
    def save_token(self, token: Mapping[str, Any]) -> None: ...

class TokenEndpointMixin:
    def validate_token_request(self) -> None: ...
    def create_token_response(
        self,
    ) -> tuple[int, Mapping[str, Any], Sequence[tuple[str, str]]]: ...

class AuthorizationCodeGrant(BaseGrant):
    def validate_authorization_request(self) -> str: ...

class ClientCredentialsGrant(BaseGrant):
    def validate_token_request(self) -> None: ...

class RefreshTokenGrant(BaseGrant):
    def validate_token_request(self) -> None: ...

class CodeChallenge:
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar[Sequence[str]]
    DEFAULT_CODE_CHALLENGE_METHOD: ClassVar[str]
    def __init__(self, required: bool = ...) -> None: ...

class AuthorizationServer:
    def __init__(self, scopes_supported: Sequence[str] | None = ...) -> None: ...
    def register_grant(
        self, grant_cls: type[BaseGrant], extensions: Sequence[CodeChallenge] | None = ...
    ) -> None: ...
    def register_endpoint(self, endpoint: Any) -> None: ...
    def register_client_auth_method(self, method: str, func: Any) -> None: ...
    def authenticate_client(
        self, request: OAuth2Request, methods: Sequence[str], endpoint: str = ...
    ) -> Any: ...
    def get_authorization_grant(self, request: OAuth2Request) -> Any: ...
    def create_token_response(self, request: OAuth2Request) -> Any: ...
    def create_authorization_response(
        self, request: OAuth2Request, grant_user: Any = ..., grant: Any = ...
    ) -> Any: ...
    def create_endpoint_response(self, name: str, request: OAuth2Request) -> Any: ...

class _TokenEndpoint:
    ENDPOINT_NAME: ClassVar[str]
    CLIENT_AUTH_METHODS: ClassVar[Sequence[str]]
    server: Any

class RevocationEndpoint(_TokenEndpoint): ...
class IntrospectionEndpoint(_TokenEndpoint): ...

class AuthorizationServerMetadata(dict[str, Any]):
    def validate(self) -> None: ...

class OpenIDProviderMetadata(AuthorizationServerMetadata): ...
