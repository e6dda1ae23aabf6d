"""A department's system, as an independent client of the published interfaces.

OAuth is spoken by a third-party library (``requests-oauth2client``), so that the story shows
what any department would have to do: discovery, pushed requests with ``evidence_access``,
PKCE, ``private_key_jwt``, tokens bound to a DPoP key.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import requests
from requests_oauth2client import (
    AuthorizationRequest,
    BearerToken,
    DPoPKey,
    OAuth2Client,
    OAuth2Error,
    PrivateKeyJwt,
)
from requests_oauth2client.dpop import InvalidUseDPoPNonceResponse
from requests_oauth2client.exceptions import AuthorizationResponseError, InvalidAuthResponse

from policies.scopes import REGISTRY_READ
from scripts.demo_browser import TIMEOUT_SECONDS, StoryError
from scripts.demo_clients import REDIRECT, DemoClient
from scripts.demo_people import Paper, Somebody
from vault.records import RecordStatus

DISCOVERY: Final = "/.well-known/oauth-authorization-server"
EVIDENCE: Final = "/v1/evidence"
RECORDS: Final = "/v1/records"
CASES: Final = "/v1/cases"
JOURNAL_KEY: Final = "/v1/journal-key"

FULL: Final = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a resource answered.

    Attributes:
        status: HTTP status.
        body: JSON, a problem document where the status says so.
    """

    status: int
    body: Mapping[str, Any]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was refused, as the problem document says."""
        return tuple(self.body.get("reasons") or ())


class DepartmentSystem:
    """One synthetic department's system with its own key and its own connections."""

    def __init__(self, client: DemoClient, *, origin: str) -> None:
        """Discover the server at ``origin``.

        Raises:
            requests.RequestException: Nothing answers there.
        """
        self._origin = origin
        self._session = requests.Session()
        self._session.trust_env = False  # Neither proxies nor stored credentials.
        self._oauth = OAuth2Client.from_discovery_endpoint(
            url=origin + DISCOVERY,
            issuer=origin,
            auth=PrivateKeyJwt(client.client_id, dict(client.key), aud=origin),
            session=self._session,
            redirect_uri=REDIRECT,
            dpop_bound_access_tokens=True,
            testing=origin.startswith("http://"),  # The library wants https; the demo is local.
        )
        self._key = DPoPKey.generate()
        self._registry: dict[str, BearerToken] = {}

    def deposit(self, paper: Paper) -> Answer:
        """Deposit one piece of evidence; asking again under the same id changes nothing."""
        body = {
            "holder": {"type": paper.holder.kind.value, "value": paper.holder.number},
            "holder_name": paper.holder.name,
            "contact": paper.holder.contact,
            "code": paper.code,
            "fields": dict(paper.fields),
            "status": RecordStatus.VALID.value,
            "valid_from": None if paper.valid_from is None else paper.valid_from.isoformat(),
            "valid_to": None if paper.valid_to is None else paper.valid_to.isoformat(),
        }
        return self._post(
            RECORDS,
            body,
            scope="records:write",
            request_id=f"demo-{paper.code}-{paper.holder.key}",
        )

    def open_case(self, holder: Somebody, *, item: str, request_id: str) -> str:
        """Open a case for ``item``; return its number."""
        body = {"holder": {"type": holder.kind.value, "value": holder.number}, "item": item}
        answer = self._post(CASES, body, scope="cases:write", request_id=request_id)
        number: str = answer.body["case_no"]
        return number

    def ask(
        self,
        details: Mapping[str, Any],
        *,
        locale: str,
        **more: str,
    ) -> tuple[AuthorizationRequest, str]:
        """Push an authorization request; ``more`` are further parameters.

        Returns:
            What was asked, and the address to which the holder's browser is sent.

        Raises:
            StoryError: The server refuses.
        """
        asked = self._oauth.authorization_request(
            scope=None,
            dpop=True,
            dpop_key=self._key,
            authorization_details=json.dumps([details], ensure_ascii=False),
            ui_locales=locale,
            **more,
        )
        try:
            return asked, self._oauth.pushed_authorization_request(asked).uri
        except OAuth2Error as error:
            raise _oauth_refused(error) from error

    def redeem(self, asked: AuthorizationRequest, *, callback: str) -> BearerToken:
        """Exchange the code in ``callback``, after checking state and issuer, for a token.

        Raises:
            StoryError: The holder refused, or the server does.
        """
        try:
            return self._oauth.authorization_code(asked.validate_callback(callback))
        except (OAuth2Error, AuthorizationResponseError, InvalidAuthResponse) as error:
            raise _oauth_refused(error) from error

    def held(self, token: BearerToken) -> Answer:
        """Ask what the consent covers and what is held; no values."""
        return self._get(EVIDENCE, token=token)

    def pull(
        self, token: BearerToken, *, code: str, view: str, fields: Sequence[str] = ()
    ) -> Answer:
        """Pull one piece of evidence."""
        asked: dict[str, Any] = {"view": view}
        if fields:
            asked["fields"] = ",".join(fields)
        return self._get(f"{EVIDENCE}/{code}", token=token, asked=asked)

    def journal_key(self) -> Answer:
        """Take along the key that finds the department's own entries in the public log."""
        return self._post(JOURNAL_KEY, {}, scope=REGISTRY_READ, request_id="journal-key")

    def _get(
        self, path: str, *, token: BearerToken, asked: Mapping[str, Any] | None = None
    ) -> Answer:
        try:
            found = self._session.get(
                self._origin + path, params=asked, auth=token, timeout=TIMEOUT_SECONDS
            )
        except InvalidUseDPoPNonceResponse as error:
            found = error.response  # A refusal that is no demand for another nonce.
        return Answer(status=found.status_code, body=found.json())

    def _post(self, path: str, body: Mapping[str, Any], *, scope: str, request_id: str) -> Answer:
        found = self._session.post(
            self._origin + path,
            json=body,
            auth=self._registry_token(scope),
            headers={"Idempotency-Key": request_id},
            timeout=TIMEOUT_SECONDS,
        )
        if not found.ok:
            raise StoryError(
                f"{path} 回答 {found.status_code}：{found.text[:300]}",
                f"{path} answered {found.status_code}: {found.text[:300]}",
            )
        return Answer(status=HTTPStatus(found.status_code), body=found.json())

    def _registry_token(self, scope: str) -> BearerToken:
        if scope not in self._registry:
            try:
                self._registry[scope] = self._oauth.client_credentials(
                    scope, dpop=True, dpop_key=self._key
                )
            except OAuth2Error as error:
                raise _oauth_refused(error) from error
        return self._registry[scope]


def _oauth_refused(error: Exception) -> StoryError:
    return StoryError(f"授权服务器拒绝：{error}", f"the authorization server refused: {error}")
