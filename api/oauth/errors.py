"""What the authorization server answers when it refuses: one fixed catalogue (oauth.md 9).

Every ``error_description`` stands here, in ASCII; none is built from input. Why exactly a
request failed goes to the operator's log, under the correlation id of the answer.
"""

from enum import Enum
from typing import Final

from api.oauth.kernel import OAuth2Error
from vault.clients.profiles import Refusal


class Say(Enum):
    """An error code, its status, and its sentence."""

    CLIENT = ("invalid_client", 401, "client authentication failed")
    UNAUTHORIZED = ("unauthorized_client", 400, "the client is not registered for this")
    GRANT = ("invalid_grant", 400, "the code or token is wrong, ended or bound to something else")
    FOREIGN = ("invalid_grant", 400, "the token was issued to another client")
    GRANT_TYPE = ("unsupported_grant_type", 400, "this grant type is not offered")
    RESPONSE_TYPE = ("unsupported_response_type", 400, "the response type is code")
    SCOPE = ("invalid_scope", 400, "a scope is unknown, malformed or not allowed here")
    TARGET = ("invalid_target", 400, "the resource is the origin of this server")
    PROOF = ("invalid_dpop_proof", 400, "the DPoP proof is not valid for this request")
    NONCE = ("use_dpop_nonce", 400, "the DPoP nonce is missing or not recent")
    REQUEST_OBJECT = (
        "invalid_request_object",
        400,
        "the request object is malformed, untimely or not signed by this client for this server",
    )
    UNSIGNED = ("invalid_request_object", 400, "the profile of the client signs every request")
    OUTSIDE = (
        "invalid_request",
        400,
        "a parameter beside the request object is not the one inside",
    )
    SUBJECT = ("invalid_request", 400, "the subject token is not acceptable")
    ACR = ("unmet_authentication_requirements", 400, "no such sign-in is offered")
    UNMET = ("unmet_authentication_requirements", 400, "the holder has no such sign-in")
    BUSY = ("temporarily_unavailable", 503, "nothing was changed; try again")
    OFTEN = ("temporarily_unavailable", 429, "too many requests; try again later")
    BUG = ("server_error", 500, "an internal error")

    REQUEST = ("invalid_request", 400, "the request is malformed")
    METHOD = ("invalid_request", 405, "this address does not take that method")
    TOO_LARGE = ("invalid_request", 413, "the body is longer than 64 KiB")
    MEDIA_TYPE = ("invalid_request", 415, "the body is application/x-www-form-urlencoded")
    JSON_TYPE = ("invalid_request", 415, "the body is application/json")
    REPEATED = ("invalid_request", 400, "a parameter is repeated")
    MECHANISMS = ("invalid_request", 400, "more than one client authentication was sent")
    CERTIFICATE = ("invalid_request", 400, "the client certificate cannot be read")
    NO_PROOF = ("invalid_request", 400, "a DPoP proof is required")
    NO_KEY = ("invalid_request", 400, "a DPoP proof or dpop_jkt is required")
    OTHER_KEY = ("invalid_dpop_proof", 400, "the DPoP proof and dpop_jkt name different keys")
    NESTED = ("invalid_request", 400, "request_uri cannot be pushed")
    CLIENT_ID = ("invalid_request", 400, "client_id is not the authenticated client")
    REDIRECT = ("invalid_request", 400, "redirect_uri is missing or not registered")
    CHALLENGE = ("invalid_request", 400, "code_challenge is 43 characters, its method S256")
    STATE = (
        "invalid_request",
        400,
        "state and nonce are printable ASCII of up to 4096 characters",
    )
    MODE = ("invalid_request", 400, "the response mode is query, jwt, query.jwt or form_post.jwt")
    MODE_SIGNED = ("invalid_request", 400, "the profile of the client has its answers signed")
    PROMPT = ("invalid_request", 400, "prompt is none, login or consent; none stands alone")
    CLAIMS = ("invalid_request", 400, "claims is a JSON object as in OpenID Connect Core 5.5")
    MAX_AGE = ("invalid_request", 400, "max_age is a number of seconds")
    NOT_OFFERED = ("invalid_request", 400, "the request has a parameter that is not offered")
    NO_GRANT = ("invalid_grant_id", 404, "this client was granted nothing under that id")
    GRANT_ID = (
        "invalid_grant_id",
        400,
        "this client was granted nothing under that id, or it has ended",
    )
    ACTION = (
        "invalid_request",
        400,
        "grant_management_action is create, or merge or replace with a grant_id",
    )
    OTHER_MATTER = (
        "invalid_request",
        400,
        "merge and replace stay within purpose, item and case of the grant",
    )
    NO_TOKEN = ("invalid_request", 400, "token is missing")

    DETAILS = (
        "invalid_authorization_details",
        400,
        "authorization_details is a JSON array of 1 to 20 objects within 16 KiB",
    )
    DETAILS_FORM = (
        "invalid_authorization_details",
        400,
        "an object of authorization_details has an unknown, missing or malformed member",
    )
    DETAILS_MIXED = (
        "invalid_authorization_details",
        400,
        "one request has one basis, subject, purpose, item and case, and each evidence once",
    )
    DETAILS_TYPE = (
        "invalid_authorization_details",
        400,
        "the client is not registered for this evidence, view or service item",
    )
    DETAILS_FIELDS = (
        "invalid_authorization_details",
        400,
        "fields are those of the catalogue, and none for verify",
    )
    DETAILS_FILE = ("invalid_authorization_details", 400, "files are not offered")
    DETAILS_ASKING = (
        "invalid_authorization_details",
        400,
        "the service item does not need this evidence, view or field",
    )
    DETAILS_CASE = (
        "invalid_authorization_details",
        400,
        "the purpose, legal basis or case does not belong to the service item",
    )
    DETAILS_LEVEL = (
        "invalid_authorization_details",
        400,
        "evidence of this level, view or duration needs a stronger profile",
    )
    DETAILS_POLICY = ("invalid_authorization_details", 400, "the policies refuse this request")
    DETAILS_WIDER = (
        "invalid_authorization_details",
        400,
        "authorization_details asks for more than was granted",
    )
    DETAILS_MISSING = (
        "invalid_authorization_details",
        400,
        "authorization_details is required",
    )

    PENDING = ("authorization_pending", 400, "the holder has not decided yet")
    SLOW = ("slow_down", 400, "polled too fast; the interval is 5 seconds longer from now on")
    FAILED = ("transaction_failed", 400, "what was approved has ended before it was fetched")
    EXPIRED = ("expired_token", 400, "nobody decided in time; start again")
    UNKNOWN_USER = ("unknown_user_id", 400, "the hint is malformed, or its code is not live")
    HINTS = ("invalid_request", 400, "a request has exactly one hint")
    SIGNED = ("invalid_request", 400, "the whole request is one signed request object")
    NOTIFY = ("invalid_request", 400, "client_notification_token has 22 to 1024 characters")
    EXPIRY = ("invalid_request", 400, "requested_expiry is a number of seconds")
    BINDING = (
        "invalid_binding_message",
        400,
        "binding_message has 1 to 64 characters, among them one number from 10 to 99",
    )
    INITIAL_TOKEN = ("invalid_token", 401, "an initial access token that is live is required")
    REGISTRATION_TOKEN = ("invalid_token", 401, "the registration access token of it is required")
    STATEMENT = ("invalid_software_statement", 400, "the software statement is not valid here")
    UNAPPROVED = (
        "unapproved_software_statement",
        400,
        "the software statement is not approved for this department or registration",
    )
    REDIRECTS = (
        "invalid_redirect_uri",
        400,
        "redirect_uris are exact https addresses, and there for the code flow only",
    )
    METADATA = (
        "invalid_client_metadata",
        400,
        "a member is missing, malformed, or not for this profile",
    )
    METADATA_READ = (
        "invalid_client_metadata",
        400,
        "an address to read from is not taken, nor a secret: keys come by value in jwks",
    )
    METADATA_KEYS = (
        "invalid_client_metadata",
        400,
        "jwks has 1 to 10 public keys: P-256, Ed25519 or RSA of 2048 to 4096 bits",
    )
    METADATA_WIDER = (
        "invalid_client_metadata",
        400,
        "more is asked for than the software statement or the approved registration has",
    )
    METADATA_WHOLE = (
        "invalid_client_metadata",
        400,
        "an update has every member of the registration, and none that the server sets",
    )
    SUSPENDED = ("access_denied", 403, "the client is suspended")

    DENIED = ("access_denied", 400, "the holder declined")
    LOGIN = ("login_required", 400, "the holder is not signed in")
    CONSENT = ("consent_required", 400, "the holder decides on every request")

    @property
    def error(self) -> str:
        """The code that clients compare."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The HTTP status, where it is not a redirect."""
        return self.value[1]

    @property
    def text(self) -> str:
        """The sentence for developers."""
        return self.value[2]


class FaultError(OAuth2Error):
    """A refusal from the catalogue.

    Attributes:
        reason: What exactly was wrong, for the log; holds nothing that was sent.
        basic: The caller tried HTTP Basic, so the answer must name that scheme.
        challenge: Value of ``WWW-Authenticate`` for any other scheme.
    """

    def __init__(
        self, say: Say, *, reason: str = "", basic: bool = False, challenge: str = ""
    ) -> None:
        """Say one thing to the caller, and another to the log."""
        super().__init__(say.text, error=say.error, status_code=say.status)
        self.say = say
        self.reason = reason or say.text
        self.basic = basic
        self.challenge = challenge


_BY_CODE: Final = {
    "invalid_client": Say.CLIENT,
    "invalid_grant": Say.GRANT,
    "invalid_scope": Say.SCOPE,
    "unauthorized_client": Say.UNAUTHORIZED,
    "unsupported_grant_type": Say.GRANT_TYPE,
    "unsupported_response_type": Say.RESPONSE_TYPE,
    "access_denied": Say.DENIED,
}


def as_fault(error: OAuth2Error) -> FaultError:
    """Return the kernel's own error as one of the catalogue: its texts echo input."""
    if isinstance(error, FaultError):
        return error
    return FaultError(_BY_CODE.get(error.error or "", Say.REQUEST), reason=type(error).__name__)


def refused(refusal: Refusal) -> FaultError:
    """Return what a profile refused as one of the catalogue."""
    says = {
        ("invalid_client", ""): Say.CLIENT,
        ("invalid_request", ""): Say.NO_PROOF,
        ("invalid_request", "response_mode"): Say.MODE_SIGNED,
        ("invalid_request_object", ""): Say.UNSIGNED,
        ("invalid_scope", ""): Say.SCOPE,
        ("invalid_authorization_details", ""): Say.DETAILS_LEVEL,
        ("use_dpop_nonce", ""): Say.NONCE,
    }
    found = says.get((refusal.error, refusal.parameter), Say.UNAUTHORIZED)
    return FaultError(found, reason=refusal.reason)
