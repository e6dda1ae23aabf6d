"""Access tokens at resources (RFC 9449 s. 7, RFC 8705 s. 3, RFC 9728): one query, one challenge.

A token is taken from the header only, and never without what it is bound to: with the scheme
``DPoP`` there goes a proof by its key, with ``Bearer`` the certificate that it was issued to.
Every use joins the live grant; positives are never cached.
"""

from collections.abc import Mapping
from typing import Final, NoReturn

from api.deps import Bearer, ChallengeError, Presented
from api.limits import taken
from api.middleware import seen
from api.oauth.dpop import BadProofError, Proof
from api.oauth.jose import SIGNING_ALGORITHMS
from api.oauth.mtls import shown_certificate
from api.oauth.provider import Provider
from api.oauth.secrets import ACCESS_TOKEN
from api.oauth.wellknown import RESOURCE_METADATA
from vault.clients.confirmation import Confirmation
from vault.clients.levels import at_least, rank
from vault.clients.profiles import Asked, Step, check
from vault.crypto.tokens import well_formed
from vault.errors import InvalidInputError
from vault.ports import LiveToken
from vault.services.acting import FRESH_SECONDS

READING: Final = frozenset({"GET", "HEAD"})
NONCE: Final = "use_dpop_nonce"
DPOP: Final = "dpop"
BEARER: Final = "bearer"
ALGS: Final = f'algs="{" ".join(SIGNING_ALGORITHMS)}"'


class Resource:
    """Implements ``TokenResolver``.

    Attributes:
        provider: What the endpoints of the authorization server work with too.
    """

    def __init__(self, provider: Provider) -> None:
        """Share the provider's keys and proof reader."""
        self.provider = provider

    def __call__(self, shown: Presented) -> Bearer:
        """Resolve the token and verify what binds it; write nothing.

        Raises:
            ChallengeError: 401 without saying which of token, grant, client or key is dead.
            RateLimitedError: This client, or whoever it is at this address, asks too often.
        """
        limits, now_ms = self.provider.limits, self.provider.vault.clock.now_ms()
        try:
            bearer = self._resolved(shown)
        except ChallengeError as error:
            if error.error != NONCE:  # The way to a proof that is right: everybody is told.
                taken(limits.strangers, shown.network, now_ms=now_ms)
            raise
        seen().by(bearer.live.client.client_id, proven=True)
        buckets = limits.reads if shown.method in READING else limits.changes
        taken(buckets, bearer.live.client.client_id, now_ms=now_ms)
        return bearer

    def _resolved(self, shown: Presented) -> Bearer:
        scheme, token = self._token(shown)
        now = self.provider.now()
        proof = None
        if scheme == BEARER:
            cnf = self._certified(shown)
            live = self._live(token, now=now)
        else:
            live = self._live(token, now=now)
            proof = self._proof(shown, token=token, now=now)
            cnf = Confirmation.key(proof.jkt)
        if live is None:
            self._refuse("invalid_token", scheme=scheme, reason=self._dead(token, now=now))
        if cnf != live.token.cnf:
            self._refuse(
                "invalid_token",
                scheme=scheme,
                reason="the token is bound to another key or certificate",
            )
        asked = Asked(bound=True, nonceless=proof is not None and proof.nonceless)
        refused = check(live.client, step=Step.RESOURCE, request=asked)
        if refused is not None:
            error = NONCE if refused.error == NONCE else "invalid_token"
            self._refuse(error, scheme=scheme, reason=refused.reason)
        return Bearer(
            live=live,
            claim=proof.claim if proof else None,
            proof_hash=proof.hash if proof else None,
            network=shown.network,
        )

    def once(self, shown: Presented, *, scope: str) -> Bearer:
        """Resolve, require ``scope``, and spend the proof in a unit of work of its own.

        Raises:
            ChallengeError: As ``__call__``; a proof shown before is ``invalid_dpop_proof``.
        """
        bearer = self(shown)
        self.require(bearer, scope=scope)
        if bearer.claim is None:
            return bearer
        with self.provider.vault.work() as tx:
            fresh = tx.protocol.claim([bearer.claim])
        if not all(fresh):
            self._refuse("invalid_dpop_proof", reason="the proof was shown before")
        return bearer

    def require(self, bearer: Bearer, *, scope: str) -> None:
        """Refuse a token without ``scope``.

        Raises:
            ChallengeError: 403 ``insufficient_scope``.
        """
        if scope not in bearer.scopes:
            scheme = bearer.live.token.cnf.token_type.lower()
            self._refuse(
                "insufficient_scope",
                status=403,
                scope=scope,
                scheme=scheme,
                reason="the token lacks the scope",
            )

    def require_level(self, bearer: Bearer, *, acr: str) -> None:
        """Refuse a token that came of a sign-in below ``acr`` (RFC 9470).

        A token that came of none is no matter of signing in: the policies judge it.

        Raises:
            ChallengeError: 401 with the levels that would do, and how fresh a new sign-in will
                have to be; the client asks for both with its next request.
        """
        auth = bearer.live.token.auth
        if auth is None or rank(auth.acr) >= rank(acr):
            return
        offered = [one for one in at_least(acr) if one in self.provider.levels]
        raise self._challenge(
            "insufficient_user_authentication",
            status=401,
            scheme=bearer.live.token.cnf.token_type.lower(),
            more={"acr_values": " ".join(offered or [acr]), "max_age": str(FRESH_SECONDS)},
        )

    def _token(self, shown: Presented) -> tuple[str, str]:
        """Return scheme and token; ``Bearer`` is one where certificates are asked for."""
        if shown.elsewhere or len(shown.authorization) > 1:
            self._refuse("invalid_request", reason="a token goes into the header, once")
        if not shown.authorization:
            self._refuse("")
        scheme, _, token = shown.authorization[0].partition(" ")
        scheme, token = scheme.lower(), token.strip(" ")
        if scheme not in self._schemes or not well_formed(token, prefix=ACCESS_TOKEN):
            self._refuse("invalid_token", scheme=scheme)
        return scheme, token

    @property
    def _schemes(self) -> tuple[str, ...]:
        return (DPOP,) if self.provider.mtls is None else (DPOP, BEARER)

    def _certified(self, shown: Presented) -> Confirmation:
        try:
            certificate = shown_certificate(self.provider.mtls, shown.certificate)
        except InvalidInputError as error:
            self._refuse("invalid_token", scheme=BEARER, cause=error)
        if certificate is None:
            self._refuse("invalid_token", scheme=BEARER)
        return Confirmation.certificate(certificate.thumbprint)

    def _live(self, token: str, *, now: int) -> LiveToken | None:
        with self.provider.vault.read() as tx:
            for token_hash in self.provider.secrets.hashes(token):
                live = tx.protocol.live_token(token_hash, now=now)
                if live is not None:
                    seen().by(live.client.client_id, proven=False)
                    return live
        return None

    def _dead(self, token: str, *, now: int) -> str:
        """Return why a token is not live, and keep whose it is."""
        with self.provider.vault.read() as tx:
            found = map(tx.protocol.token, self.provider.secrets.hashes(token))
            row = next((one for one in found if one is not None), None)
        if row is None:
            return "there is no such token"
        seen().by(row.client_id, proven=False)
        if row.revoked_at is not None:
            return "the token was revoked"
        if row.expires_at <= now:
            return "the token has expired"
        return "the consent, the client or the department is not active"

    def _proof(self, shown: Presented, *, token: str, now: int) -> Proof:
        if len(shown.proofs) != 1:
            self._refuse("invalid_dpop_proof", reason="there is not exactly one proof")
        try:
            return self.provider.proofs.read(
                shown.proofs[0], method=shown.method, path=shown.path, now=now, token=token
            )
        except BadProofError as error:
            said = NONCE if error.nonce else "invalid_dpop_proof"
            self._refuse(said, cause=error, reason=str(error))

    def ended(self) -> ChallengeError:
        """Return the challenge for a token that is not live any more."""
        return self._challenge("invalid_token", status=401, scope="")

    def replayed(self) -> ChallengeError:
        """Return the challenge for a proof that was shown before (RFC 9449 section 7.1)."""
        return self._challenge("invalid_dpop_proof", status=401, scope="")

    def _refuse(
        self,
        error: str,
        *,
        status: int = 401,
        scope: str = "",
        scheme: str = DPOP,
        cause: Exception | None = None,
        reason: str = "the token is malformed, or shown in another way than it is bound",
    ) -> NoReturn:
        seen().refused(error, reason=reason)
        raise self._challenge(error, status=status, scope=scope, scheme=scheme) from cause

    def _challenge(
        self,
        error: str,
        *,
        status: int,
        scope: str = "",
        scheme: str = DPOP,
        more: Mapping[str, str] | None = None,
    ) -> ChallengeError:
        """Return every way in that there is, first the one that was tried, which says why."""
        tried = scheme if scheme in self._schemes else DPOP
        others = [one for one in self._schemes if one != tried]
        why = [f'error="{error}"'] if error else []
        if scope:
            why.append(f'scope="{scope}"')
        why += [f'{name}="{value}"' for name, value in (more or {}).items()]
        ways = [self._way(tried, *why), *(self._way(one) for one in others)]
        nonce = self.provider.nonces.at(self.provider.now())
        return ChallengeError(error, status=status, challenge=", ".join(ways), nonce=nonce)

    def _way(self, scheme: str, *parts: str) -> str:
        where = f'resource_metadata="{self.provider.url(RESOURCE_METADATA)}"'
        if scheme == BEARER:
            return f"Bearer {', '.join([*parts, where])}"
        return f"DPoP {', '.join([*parts, ALGS, where])}"
