"""What the token endpoints are measured on: one client, one consent, codes enough for all rounds.

The consent is given through the journal as in the pull's fixture; of the code flow only the rows
are written here that the OAuth endpoints would have written of requests and decisions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from api.oauth.granted import TYPE, scope_of
from api.oauth.grants.consented import IDLE_SECONDS
from api.oauth.secrets import AUTHORIZATION_CODE
from api.oauth.secrets import REFRESH_TOKEN as REFRESH_PREFIX
from api.settings import Settings
from api.wiring import wire
from scripts.bench.fixture import DAY_SECONDS, ITEM, NEED, REQUEST, Scene, settings_in
from scripts.bench.forms import Sender
from scripts.bench.proofs import ProofKey
from scripts.registering import register
from vault.base64url import to_base64url
from vault.clients import Profile
from vault.clients.confirmation import Confirmation
from vault.clients.profiles import AUTHORIZATION_CODE as CODE_FLOW
from vault.clients.profiles import REFRESH_TOKEN
from vault.clients.protocol import RefreshToken
from vault.clock import MS
from vault.ids import ID_BYTES, CaseNumber
from vault.services import Vault
from vault.services.give_consent import GiveConsent

REDIRECT: Final = "https://client.example.org/callback"
VERIFIER: Final = "v" * 43
CHALLENGE: Final = to_base64url(sha256(VERIFIER.encode()).digest())
KID: Final = "k1"
AT_ONCE: Final = 1000
"""Rows in one transaction."""

PLENTY: Final = 10_000_000
"""Requests a minute that one client may send: what is measured is their cost."""

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFixture:
    """A deployment with a client and a consent, closed again.

    Attributes:
        client: Asks for tokens.
        checker: A resource server that introspects them.
        push: A whole pushed request.
        codes: Each good for one redemption.
        refresh_token: Good again and again.
        token: A live one.
    """

    settings: Settings
    client: Sender
    checker: Sender
    push: Form = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)
    refresh_token: str = field(repr=False)
    token: str = field(repr=False)

    def redemption(self, code: str) -> Form:
        """Return the token request that redeems ``code``."""
        return {
            "grant_type": CODE_FLOW,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }

    @property
    def refresh(self) -> Form:
        """The token request that refreshes."""
        return {"grant_type": REFRESH_TOKEN, "refresh_token": self.refresh_token}

    @property
    def introspection(self) -> Form:
        """The question whether the token is live."""
        return {"token": self.token}


def found_tokens(folder: Path, *, codes: int) -> TokenFixture:
    """Found a deployment in ``folder`` with ``codes`` that nobody has redeemed."""
    settings = settings_in(folder)
    settings = settings.model_copy(
        update={"limits": settings.limits.model_copy(update={"client_protocol_a_minute": PLENTY})}
    )
    with wire(settings) as wired:
        vault = wired.vault
        client = _sender(settings, "bench-client", proof_key=ProofKey.draw())
        checker = _sender(settings, "bench-checker")
        scene = Scene(vault, folder / "clients")
        scene.deposit()
        register(vault, json.dumps(_client(client)), demo=False)
        register(vault, json.dumps(_checker(checker)), demo=False)
        case_no = scene.case()
        given = scene.consent(case_no, client_id=client.client_id)
        key = client.proof_key
        if key is None:
            raise TypeError("a client of the code flow has a key")
        return TokenFixture(
            settings=settings,
            client=client,
            checker=checker,
            push=_push(settings, case_no, given),
            codes=_codes(vault, given, jkt=key.thumbprint, count=codes),
            refresh_token=_refresh_token(vault, given, jkt=key.thumbprint),
            token=scene.token(given, jkt=key.thumbprint),
        )


def _sender(settings: Settings, name: str, *, proof_key: ProofKey | None = None) -> Sender:
    return Sender(
        issuer=settings.issuer,
        client_id=name,
        kid=KID,
        key=ProofKey.draw(),
        proof_key=proof_key,
    )


def _client(sender: Sender) -> dict[str, Any]:
    return _described(
        sender,
        profile=Profile.FAPI2,
        redirect_uris=[REDIRECT],
        grant_types=[CODE_FLOW, REFRESH_TOKEN],
        evidence={NEED.evidence: NEED.view.label},
        service_items=[ITEM.code],
    )


def _checker(sender: Sender) -> dict[str, Any]:
    return _described(sender, profile=Profile.RS)


def _described(sender: Sender, *, profile: Profile, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    return {
        "client_id": sender.client_id,
        "department": ITEM.department,
        "name_zh": "基准",
        "name_en": "Benchmark",
        "profile": profile.value,
        "jwks": {"keys": [sender.key.jwk | {"kid": KID}]},
        **more,
    }


def _push(settings: Settings, case_no: CaseNumber, given: GiveConsent) -> Form:
    details = {
        "type": TYPE,
        "locations": [settings.issuer],
        "basis": "consent",
        "subject": {"kind": "organisation"},
        "purpose": {"code": REQUEST.purpose, "note": REQUEST.note.zh},
        "item": ITEM.code,
        "case": case_no,
        "evidence": [
            {"code": NEED.evidence, "view": NEED.view.label, "fields": sorted(NEED.fields)}
        ],
        "valid": {"from": given.details.starts_at, "to": given.details.ends_at},
        "retention_days": given.details.retention_days,
    }
    return {
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "s" * 32,
        "authorization_details": json.dumps([details], ensure_ascii=False),
    }


def _codes(vault: Vault, given: GiveConsent, *, jkt: str, count: int) -> tuple[str, ...]:
    codes = tuple(vault.secrets.mint(AUTHORIZATION_CODE) for _ in range(count))
    for begin in range(0, count, AT_ONCE):
        with vault.work() as tx:
            for code in codes[begin : begin + AT_ONCE]:
                tx.protocol.add_code(
                    replace(
                        given.code,
                        code_hash=vault.secrets.hash(code),
                        family_id=vault.random(ID_BYTES),
                        redirect_uri=REDIRECT,
                        code_challenge=CHALLENGE,
                        cnf=Confirmation.key(jkt),
                        scope=scope_of(given.details),
                    )
                )
    return codes


def _refresh_token(vault: Vault, given: GiveConsent, *, jkt: str) -> str:
    token, now = vault.secrets.mint(REFRESH_PREFIX), vault.clock.now_ms() // MS
    row = RefreshToken(
        token_hash=vault.secrets.hash(token),
        space=given.code.space,
        grant_id=given.code.grant_id,
        family_id=vault.random(ID_BYTES),
        client_id=given.client_id,
        scope=scope_of(given.details, offline=True),
        details=given.details.to_json(),
        cnf=Confirmation.key(jkt),
        auth=given.code.auth,
        issued_at=now,
        idle_expires_at=min(now + IDLE_SECONDS, now + DAY_SECONDS),
        expires_at=now + DAY_SECONDS,
    )
    with vault.work() as tx:
        tx.protocol.add_refresh_token(row)
    return token
