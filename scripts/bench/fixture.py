"""What a pull is measured on: one enterprise, a licence of 4 KiB, one consent, one live token.

Everything is made by the vault's own verbs before the server starts; only what the OAuth
endpoints would have written of a request and its token is written here.
"""

import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.oauth.secrets import ACCESS_TOKEN
from api.settings import KeySettings, PostgresqlSettings, RootProvider, Settings
from api.wiring import wire
from policies.items import items
from scripts.bench.proofs import ProofKey
from scripts.demo_clients import read_clients
from scripts.demo_data import fill, system_caller
from scripts.demo_people import Paper, papers
from scripts.demo_requests import REQUESTS
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Interaction,
    InteractionState,
    PushedRequest,
    SignIn,
    authenticated,
)
from vault.clock import MS, legal_day
from vault.consents.details import Details, EvidenceGrant
from vault.crypto.providers import create_key_file
from vault.errors import NotFoundError
from vault.identifiers import Identifier, parse
from vault.ids import ID_BYTES, CaseNumber, ClientId, GrantId, Space
from vault.services import Vault
from vault.services.acting import Caller
from vault.services.checking import Evidence
from vault.services.deposit import Deposit, deposit
from vault.services.give_consent import GiveConsent, give_consent
from vault.services.open_case import OpenCase, open_case
from vault.services.open_space import find_space

ISSUER: Final = "https://vault.example.org"
"""A proxy would answer there; the benchmark speaks to the port behind it."""

SCOPE_CHARACTERS: Final = 1200
"""Of the licence's longest field, so that the sealed record has about 4 KiB."""

DAY_SECONDS: Final = 86_400

REQUEST: Final = next(one for one in REQUESTS if one.holder == "enterprise")
ITEM: Final = items()[REQUEST.item]
NEED: Final = ITEM.requirements["LC01"]
_ACR: Final = "urn:myspace:acr:aal1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A deployment with something to pull, closed again.

    Attributes:
        target: Path and query of the pull.
        token: Bound to ``key``.
        record_bytes: Of the sealed record that each pull opens.
    """

    settings: Settings
    target: str
    token: str = field(repr=False)
    key: ProofKey = field(repr=False)
    record_bytes: int


def found(folder: Path, *, postgresql: PostgresqlSettings | None = None) -> Fixture:
    """Found a deployment; all of it lies in ``folder``, even the root key, or on a server."""
    settings = settings_in(folder, postgresql=postgresql)
    key = ProofKey.draw()
    with wire(settings) as wired:
        scene = Scene(wired.vault, folder / "clients")
        record_bytes = scene.deposit()
        token = scene.token(scene.consent(scene.case()), jkt=key.thumbprint)
    return Fixture(
        settings=settings,
        target=f"/v1/evidence/{NEED.evidence}?view={NEED.view.label}",
        token=token,
        key=key,
        record_bytes=record_bytes,
    )


def settings_in(folder: Path, *, postgresql: PostgresqlSettings | None = None) -> Settings:
    """Return the settings of a deployment in ``folder``, and make its root key."""
    key_file = folder / "key" / "root.key"
    key_file.parent.mkdir(mode=0o700)
    create_key_file(key_file, random=os.urandom)
    return Settings(
        data=folder / "data",
        state=folder / "state",
        issuer=ISSUER,
        keys=KeySettings(provider=RootProvider.FILE, root_key_file=key_file),
        postgresql=postgresql,
    )


class Scene:
    """The demonstration's enterprise and departments, in an open vault."""

    def __init__(self, vault: Vault, folder: Path) -> None:
        """Fill ``vault``; the systems' keys go into ``folder``."""
        fill(vault, folder=folder)
        self._vault = vault
        self._clients = read_clients(folder)
        self._paper = next(
            one
            for one in papers()
            if (one.holder.key, one.code) == (REQUEST.holder, NEED.evidence)
        )
        self._number = _number(vault, self._paper)

    def deposit(self) -> int:
        """Deposit the licence; return how long it is when sealed."""
        fields = dict(self._paper.fields)
        fields["business_scope"] = ("餐饮服务；食品销售；" * SCOPE_CHARACTERS)[:SCOPE_CHARACTERS]
        done = deposit(
            self._vault,
            Deposit(
                caller=self._caller(self._paper.issuer),
                number=self._number,
                evidence=Evidence(code=self._paper.code, fields=fields),
            ),
        )
        space = self.space()
        with self._vault.read() as tx:
            head = tx.records.head(space, record_id=done.record_id)
            record = None if head is None else tx.records.version(head.ref)
        if record is None:
            raise NotFoundError("the licence was not deposited")
        return len(record.sealed)

    def case(self) -> CaseNumber:
        """Open a case of the item; return its number."""
        asked = OpenCase(caller=self._caller(ITEM.department), number=self._number, item=ITEM.code)
        return open_case(self._vault, asked).case_no

    def consent(self, case_no: CaseNumber, *, client_id: str = "") -> GiveConsent:
        """Give a consent without limit for the whole licence; return what was given.

        Args:
            case_no: What it is for.
            client_id: To whom; the department's own system, unless another is named.
        """
        vault, now, space = self._vault, self._now(), self.space()
        given_to = ClientId(client_id or self._clients[ITEM.department].client_id)
        pushed = PushedRequest(
            request_hash=vault.random(32),
            client_id=given_to,
            params=b"",
            cnf=Confirmation.key(""),
            expires_at=now + DAY_SECONDS,
        )
        interaction = Interaction(
            interaction_id=vault.random(ID_BYTES),
            request_hash=pushed.request_hash,
            browser_hash=vault.random(32),
            signin_hash=None,
            state=InteractionState.OPEN,
            expires_at=now + DAY_SECONDS,
        )
        with vault.work() as tx:
            tx.protocol.push(pushed)
            tx.protocol.open_interaction(interaction)
        grant = EvidenceGrant(code=NEED.evidence, view=NEED.view, fields=frozenset(NEED.fields))
        code = self._code(space, given_to)
        given = GiveConsent(
            interaction_id=interaction.interaction_id,
            request_hash=pushed.request_hash,
            signin=self._signin(space),
            client_id=given_to,
            purpose=REQUEST.purpose,
            item=ITEM.code,
            case_no=case_no,
            details=Details(
                evidence={grant.code: grant},
                starts_at=now - 60,
                ends_at=now + DAY_SECONDS,
                uses=None,
                retention_days=30,
            ),
            shown_hash=sha256(b"").digest(),
            shown_locale="zh-CN",
            note=vault.secrets.seal(REQUEST.note.zh.encode(), request_id=code.grant_id),
            code=code,
        )
        give_consent(vault, given)
        return given

    def token(self, given: GiveConsent, *, jkt: str) -> str:
        """Return a token of the consent, bound to the key with this thumbprint."""
        token = self._vault.secrets.mint(ACCESS_TOKEN)
        row = AccessToken(
            token_hash=self._vault.secrets.hash(token),
            space=given.code.space,
            grant_id=given.code.grant_id,
            family_id=given.code.family_id,
            client_id=given.client_id,
            scope=given.code.scope,
            details=given.details.to_json(),
            cnf=Confirmation.key(jkt),
            auth=given.code.auth,
            issued_at=self._now(),
            expires_at=self._now() + DAY_SECONDS,
        )
        with self._vault.work() as tx:
            tx.protocol.add_token(row)
        return token

    def _caller(self, code: str) -> Caller:
        with self._vault.read() as tx:
            client = tx.clients.get(ClientId(self._clients[code].client_id))
            department = tx.departments.find(code)
        if client is None or department is None:
            raise NotFoundError("the demonstration is not complete")
        return system_caller(self._vault, client, department=department, request_id="bench")

    def space(self) -> Space:
        """Return the space of the enterprise."""
        with self._vault.read() as tx:
            space = find_space(self._vault, tx, self._number)
        if space is None:
            raise NotFoundError("the enterprise has no space")
        return space

    def _signin(self, space: Space) -> SignIn:
        now = self._now()
        signin_hash = self._vault.random(32)
        return SignIn(
            signin_hash=signin_hash,
            space=space,
            csrf_hash=self._vault.random(32),
            auth=authenticated(space, acr=_ACR, at=now, signin_hash=signin_hash),
            idle_expires_at=now + DAY_SECONDS,
            expires_at=now + DAY_SECONDS,
        )

    def _code(self, space: Space, client_id: ClientId) -> AuthorizationCode:
        now = self._now()
        return AuthorizationCode(
            code_hash=self._vault.random(32),
            space=space,
            grant_id=GrantId(self._vault.random(ID_BYTES)),
            family_id=self._vault.random(ID_BYTES),
            client_id=client_id,
            redirect_uri="https://client.example.org/callback",
            code_challenge="",
            cnf=Confirmation.key(""),
            auth=authenticated(space, acr=_ACR, at=now, signin_hash=b""),
            scope="",
            expires_at=now + DAY_SECONDS,
        )

    def _now(self) -> int:
        return self._vault.clock.now_ms() // MS


def _number(vault: Vault, paper: Paper) -> Identifier:
    return parse(paper.holder.kind, paper.holder.number, today=legal_day(vault.clock.now_ms()))
