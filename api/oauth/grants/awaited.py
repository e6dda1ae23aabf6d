"""Polling for what is decided elsewhere: by ``device_code``, or by ``auth_req_id`` (trap D15).

Every poll is counted before it is answered. A request is claimed by the statement that redeems
it, once; another client's poll, or one with another key, learns nothing and changes nothing.
What its own client shows again after that kills what came of it, as a code does.
Nothing of the kernel's device grant is left: it never spends the code.
"""

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from api.oauth.errors import FaultError, Say
from api.oauth.grants.consented import ConsentedGrant
from api.oauth.kernel import TokenEndpointMixin
from api.oauth.secrets import AUTH_REQ_ID, DEVICE_CODE
from vault.clients.async_requests import AsyncKind, AsyncRequest, AsyncState, Redeemed
from vault.clients.profiles import CIBA
from vault.clients.profiles import DEVICE_CODE as DEVICE
from vault.crypto.tokens import well_formed


class AwaitedGrant(ConsentedGrant, TokenEndpointMixin, ABC):
    """Answers a poll.

    Attributes:
        KIND, PARAMETER, PREFIX: Which requests, and the one secret that they are known by.
        ENDED: What is said where the consent has ended before it was redeemed.
    """

    KIND: ClassVar[AsyncKind]
    PARAMETER: ClassVar[str]
    PREFIX: ClassVar[str]
    ENDED: ClassVar[Say]

    def validate_token_request(self) -> None:
        """Count the poll, or claim what was approved.

        Raises:
            FaultError: It is not decided, or never will be.
        """
        request = self.request
        request.client = self.authenticate_token_endpoint_client()
        if self.PARAMETER not in request.form:
            raise FaultError(Say.REQUEST, reason=f"no {self.PARAMETER}")
        row = self._found(request.form[self.PARAMETER])
        redeemed = self._redeemed(row)
        consent = self.live_consent(redeemed)
        if consent is None:
            raise FaultError(self.ENDED, reason="the consent has ended")
        self.stand_on(redeemed, consent=consent, most=consent.details)

    def create_token_response(self) -> tuple[int, Mapping[str, Any], Sequence[tuple[str, str]]]:
        """Issue what was granted."""
        token = self.generate_token()
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def extra(self) -> dict[str, Any]:
        """Answer the object as it was granted, and the refresh token that goes with it."""
        return super().extra() | self.first_refresh()

    def _found(self, text: str) -> AsyncRequest:
        server = self.server
        if well_formed(text, prefix=self.PREFIX):
            for code_hash in server.provider.secrets.hashes(text):
                row = server.tx.protocol.async_of_code(code_hash)
                if row is None or row.kind is not self.KIND:
                    continue
                server.misused = row.redeemed  # Nothing is granted to be misused before that.
                if row.client_id != server.client.client_id:
                    raise FaultError(Say.GRANT, reason="the request of another client")
                if row.state is AsyncState.CONSUMED:
                    raise self._shown_again(row)
                if row.cnf not in server.held:
                    raise FaultError(Say.GRANT, reason="the request of another key")
                server.misused = None
                return row
        raise FaultError(Say.GRANT, reason="no such request")

    def _redeemed(self, row: AsyncRequest) -> Redeemed:
        rows, now = self.server.tx.protocol, self.server.now
        if row.expires_at <= now:
            raise FaultError(Say.EXPIRED)
        if row.state is AsyncState.DENIED:
            raise FaultError(Say.UNMET if row.unmet else Say.DENIED)
        if row.state is AsyncState.PENDING:
            in_time = rows.poll_async(row.request_id, now=now)
            raise FaultError(Say.PENDING if in_time else Say.SLOW)
        redeemed = row.redeemed
        claimed = rows.redeem_async(row.request_id, client_id=row.client_id, now=now)
        if redeemed is None or not claimed:
            raise self._shown_again(row)
        return redeemed

    def _shown_again(self, row: AsyncRequest) -> FaultError:
        """Kill what came of a request that was redeemed; the log must know of it."""
        server = self.server
        server.tx.protocol.revoke_family(row.request_id, now=server.now)
        server.misused = row.redeemed
        return FaultError(Say.GRANT, reason="the request was redeemed before")


class DeviceGrant(AwaitedGrant):
    """``urn:ietf:params:oauth:grant-type:device_code`` (RFC 8628 s. 3.4)."""

    GRANT_TYPE = DEVICE
    KIND = AsyncKind.DEVICE
    PARAMETER = "device_code"
    PREFIX = DEVICE_CODE
    ENDED = Say.GRANT


class CibaGrant(AwaitedGrant):
    """``urn:openid:params:grant-type:ciba`` (CIBA Core 1.0 s. 10.1)."""

    GRANT_TYPE = CIBA
    KIND = AsyncKind.CIBA
    PARAMETER = "auth_req_id"
    PREFIX = AUTH_REQ_ID
    ENDED = Say.FAILED
