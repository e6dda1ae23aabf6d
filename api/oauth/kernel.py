"""What is taken from Authlib, all of it, by name. Its types are in ``kernel.pyi``."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    AuthorizationServer,
    ClientMixin,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    BaseGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    TokenEndpointMixin,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

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
    "OpenIDProviderMetadata",
    "RefreshTokenGrant",
    "RevocationEndpoint",
    "TokenEndpointMixin",
    "TokenMixin",
]
