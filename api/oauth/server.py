"""One kernel server for one request, inside one unit of work (traps D1, D12, D21, D22, D26).

It keeps the request's state on itself, so it is never shared. The client was proven before;
what the kernel calls authentication only returns it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from api.oauth.answer import Answer, refusal
from api.oauth.client_auth import METHOD
from api.oauth.dpop import Proof
from api.oauth.errors import FaultError, Say, as_fault
from api.oauth.kernel import AuthorizationServer, OAuth2Error, OAuth2Request
from api.oauth.models import KernelClient, KernelRequest
from api.oauth.provider import Provider
from vault.clients import Client, ClientStatus
from vault.clients.async_requests import Redeemed
from vault.clients.certificates import Certificate
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import AccessToken, AuthorizationCode, RefreshToken
from vault.ids import ClientId
from vault.ports import Tx

AUTH_METHODS: Final = [METHOD]

T = TypeVar("T")


class Server(AuthorizationServer):
    """The kernel, given one request's collaborators.

    Attributes:
        proof: The key that was proven.
        held: All that the caller proved to hold: a key first, then a certificate.
        row: The token that was issued, until it is written.
        refresh_row: The refresh token that was issued with it.
        signs: The answer will be signed.
        misused: What was shown by somebody it is not good for; the log must know.
    """

    signs: bool = False
    row: AccessToken | None = None
    refresh_row: RefreshToken | None = None
    misused: AuthorizationCode | RefreshToken | Redeemed | None = None

    def __init__(
        self,
        *,
        provider: Provider,
        tx: Tx,
        now: int,
        client: Client | None = None,
        proof: Proof | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        """Take what one request needs."""
        super().__init__()
        self.provider = provider
        self.tx = tx
        self.now = now
        self._client = client
        self.proof = proof
        self.held = tuple(_held(proof, certificate))
        self.register_client_auth_method(METHOD, self._proven_client)

    def request(self, path: str, *, params: Mapping[str, str]) -> KernelRequest:
        """Return a request for the kernel; its address begins with the issuer."""
        return KernelRequest(uri=self.provider.url(path), params=params)

    @property
    def client(self) -> Client:
        """The client that proved itself."""
        if self._client is None:
            raise FaultError(Say.CLIENT, reason="nobody is proven")
        return self._client

    @property
    def binding(self) -> Confirmation | None:
        """What a token that is issued now is bound to: the key of a proof, if one was sent."""
        return next(iter(self.held), None)

    def ask(self, kernel: Callable[[], T]) -> T:
        """Ask the kernel, which raises ``ValueError`` where it quotes input that may not be."""
        try:
            return kernel()
        except ValueError as error:
            raise FaultError(Say.REQUEST, reason=type(error).__name__) from error

    def authorization_grant(self, request: KernelRequest) -> Any:  # noqa: ANN401 - the kernel's
        """Return the grant for an authorization request, validated."""
        grant = self.ask(lambda: self.get_authorization_grant(request))
        self.ask(grant.validate_authorization_request)
        return grant

    # What the kernel asks of a framework.

    def query_client(self, client_id: str) -> KernelClient | None:
        """Return an active client."""
        if self._client is not None and self._client.client_id == client_id:
            return KernelClient(self._client)
        found = self.tx.clients.get(ClientId(client_id))
        active = found is not None and found.status is ClientStatus.ACTIVE
        return KernelClient(found) if found is not None and active else None

    def save_token(self, _token: Mapping[str, Any], _request: OAuth2Request) -> None:
        """Write what was issued: the last thing that a grant does."""
        if self.row is not None:
            self.tx.protocol.add_token(self.row)
        if self.refresh_row is not None:
            self.tx.protocol.add_refresh_token(self.refresh_row)

    def send_signal(self, _name: str, *_args: object, **_kwargs: object) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: KernelRequest) -> KernelRequest:
        """Return the request; it is the kernel's already."""
        return request

    def handle_response(
        self, status: int, body: Mapping[str, Any], _headers: Sequence[tuple[str, str]]
    ) -> Answer:
        """Return the kernel's answer as a value."""
        return Answer(status=status, body=body)

    def handle_error_response(self, _request: OAuth2Request, error: OAuth2Error) -> Answer:
        """Answer from the catalogue; the kernel's own texts quote input."""
        return refusal(as_fault(error))

    def _proven_client(self, _query_client: object, request: OAuth2Request) -> KernelClient | None:
        if self._client is None:
            return None
        client = KernelClient(self._client)
        request.client = client
        return client


def _held(proof: Proof | None, certificate: Certificate | None) -> Iterator[Confirmation]:
    if proof is not None:
        yield Confirmation.key(proof.jkt)
    if certificate is not None:
        yield Confirmation.certificate(certificate.thumbprint)
