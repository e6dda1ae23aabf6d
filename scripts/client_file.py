"""The file that ``client register`` reads: strict, so that a typo is refused, not passed over."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.scopes import View
from scripts.outcomes import Exit, OperatorError
from vault.clients import Client, ClientStatus, Profile
from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.clients.profiles import TOKEN_EXCHANGE
from vault.ids import ClientId, DepartmentId
from vault.journal.plain import canonical_json

FIRST: Final = 1
MAX_PLACE_CHARACTERS: Final = 100


class Organisation(BaseModel):
    """An agent firm: an organisation that no shipped data speak of; all of it is public."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name_zh: str = Field(min_length=1, max_length=100)
    name_en: str = Field(min_length=1, max_length=200)
    contact: str = Field(min_length=1, max_length=200)
    privacy_officer: str = Field(min_length=1, max_length=200)


class ClientFile(BaseModel):
    """A client as its department hands it in; keys by value, public parts only.

    Attributes:
        department: Unified social credit code.
        jwks: JSON Web Key Set (RFC 7517); none for a client that signs nothing.
        tls_subject: Such as ``tls_client_auth_san_dns=licensing.example.org``.
        tls_thumbprints: SHA-256 of its own certificates (``x5t#S256``).
        location: Where its kiosk or counter stands: holders are shown it.
        id_token_alg: What our JWTs for it are signed with: ID tokens, answers, introspection.
        evidence: Evidence code to the highest view.
        organisation: Of an agent firm, whose system exchanges tokens and does nothing else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$")
    department: str = Field(pattern=r"^[0-9A-Z]{18}$")
    name_zh: str = Field(min_length=1, max_length=100)
    name_en: str = Field(min_length=1, max_length=200)
    profile: Profile
    jwks: dict[str, Any] = {"keys": []}
    auth_method: AuthMethod = AuthMethod.PRIVATE_KEY_JWT
    tls_subject: str = ""
    tls_thumbprints: tuple[str, ...] = ()
    location: str = Field(default="", max_length=MAX_PLACE_CHARACTERS)
    id_token_alg: Literal["ES256", "PS256", "Ed25519", "EdDSA"] = "ES256"  # noqa: S105 - no secret
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    ciba_notification_uri: str = ""
    grant_types: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    evidence: dict[str, Literal["verify", "summary", "full"]] = {}
    issue_codes: frozenset[str] = frozenset()
    service_items: frozenset[str] = frozenset()
    organisation: Organisation | None = None

    @property
    def exchanges(self) -> bool:
        """Whether the system acts by mandates alone: then it has no matters of its own."""
        return self.grant_types == {TOKEN_EXCHANGE} and not self.issue_codes

    @classmethod
    def read(cls, text: str) -> "ClientFile":
        """Return the file's content.

        Raises:
            OperatorError: It is malformed; the sentence names the members, not their values.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            where = ", ".join(
                sorted({".".join(map(str, one["loc"])) or "JSON" for one in error.errors()})
            )
            raise OperatorError(
                f"登记文件有误：{where}。请改正后重新登记。",
                f"The registration has faults: {where}. Correct them and register again.",
                code=Exit.DATA,
            ) from error

    def client(self, department_id: DepartmentId) -> Client:
        """Return the client that the file describes, active from now on."""
        return Client(
            client_id=ClientId(self.client_id),
            department_id=department_id,
            name_zh=self.name_zh,
            name_en=self.name_en,
            profile=self.profile,
            status=ClientStatus.ACTIVE,
            jwks=canonical_json(self.jwks).decode(),
            redirect_uris=self.redirect_uris,
            grant_types=self.grant_types,
            scopes=self.scopes,
            evidence={code: View.of(view) for code, view in self.evidence.items()},
            issue_codes=self.issue_codes,
            service_items=self.service_items,
            version=FIRST,
            metadata=ClientMetadata(
                auth_method=self.auth_method,
                tls_subject=self.tls_subject,
                tls_thumbprints=self.tls_thumbprints,
                location=self.location,
                id_token_alg=self.id_token_alg,
                post_logout_redirect_uris=self.post_logout_redirect_uris,
                backchannel_logout_uri=self.backchannel_logout_uri,
                ciba_notification_uri=self.ciba_notification_uri,
            ),
        )
