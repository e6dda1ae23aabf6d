"""Who acts: a department's system with a live token, or a holder who is signed in.

The front door has proven both before a verb is called. What it saw of the request travels
along, so that the entry can say how it was asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, ip_address, ip_network
from typing import Final, Self

from policies.facts import MemberFacts
from vault.clients.confirmation import Holding
from vault.clients.levels import ACR_PREFIX
from vault.clients.protocol import Claim, SignIn
from vault.clock import MS
from vault.consents import Consent
from vault.crypto.keyring import HOLDERS_ACTOR_ID
from vault.holders import HolderKind
from vault.ids import ID_BYTES, ClientId, DepartmentId, EntryId, RandomBytes, Space
from vault.journal.entries import Basis, By, RequestTrace
from vault.journal.operations import Request
from vault.journal.plain import Plain, canonical_json
from vault.ports import LiveToken

FRESH_SECONDS: Final = 300
"""A consent needs a sign-in at most this old (architecture.md 9.4)."""

SELF: Final = "self"
LEGAL_REPRESENTATIVE: Final = "legal_representative"
AGENT: Final = "agent"
STRONG: Final = frozenset({"aal2", "aal3"})
"""Levels with a passkey."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Caller:
    """A client's system, its token resolved and what binds it verified.

    Attributes:
        claim: Replay row of the proof, written with the entry; ``None`` once it was, and where
            a certificate took the place of a proof.
        proof_hash: SHA-256 of the proof as sent, if there was one.
        network: Prefix of the caller's address, as ``network_prefix`` makes it.
        correlation: Id under which the operator's log speaks of the request.
        request_id: ``Idempotency-Key`` of a state change.
    """

    live: LiveToken
    claim: Claim | None
    proof_hash: bytes | None
    network: str | None = None
    correlation: str | None = None
    request_id: str | None = None

    @property
    def department_id(self) -> DepartmentId:
        """Owner of the actor's counter and tag key."""
        return self.live.client.department_id

    @property
    def actor_id(self) -> DepartmentId:
        """Owner of the counter of the department's acts."""
        return self.department_id

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What must be written whatever the decision."""
        return () if self.claim is None else (self.claim,)

    @property
    def token_hash(self) -> bytes:
        """What is asked once more, in the order of the log, whether it still lives."""
        return self.live.token.token_hash

    def spent(self) -> Self:
        """Return this caller once its proof is spent: an entry before has written the claim."""
        return replace(self, claim=None)

    @property
    def quota_id(self) -> bytes:
        """Whose share of a batch is used."""
        return self.live.client.client_id.encode()

    def by(self, consent: Consent | None = None) -> By:
        """Return who acts, for the entry; by which mandate, if ``consent`` is under one."""
        mandate_id = None if consent is None else consent.mandate_id
        return By(
            department=self.department_id,
            client=self.live.client.client_id,
            acting=() if mandate_id is None else (mandate_id.hex(),),
        )

    def trace(self) -> RequestTrace:
        """Return how it was asked, for the entry."""
        cnf = self.live.token.cnf
        by_key = cnf.holding is Holding.KEY
        return RequestTrace(
            request_id=self.request_id,
            dpop_jkt=cnf.thumbprint if by_key else None,
            certificate=None if by_key else cnf.thumbprint,
            proof=self.proof_hash,
            network=self.network,
            correlation=self.correlation,
        )

    def request(
        self, body: Plain, *, answer: bytes, keyed: Callable[[bytes], bytes]
    ) -> Request | None:
        """Return the caller's own id of a state change, if it sent one.

        Args:
            body: What was asked; the same id for something else is refused.
            answer: What to answer when it is asked again; ids only.
            keyed: The vault's keyed hash: ``body`` holds values that are few enough to be
                guessed, and a plain hash in the database would confirm each guess.
        """
        if self.request_id is None:
            return None
        return Request(
            actor_id=self.department_id,
            request_id=self.request_id,
            body_hash=keyed(b"request-body\x00" + canonical_json(body)),
            answer=answer,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Member:
    """Somebody in the own space, an organisation's legal representative, or an agent.

    Attributes:
        signin: The live sign-in.
        network, correlation: As for a ``Caller``.
    """

    signin: SignIn = field(repr=False)
    network: str | None = None
    correlation: str | None = None

    @property
    def space(self) -> Space:
        """The space that the member acts in."""
        return self.signin.space

    @property
    def person(self) -> Space:
        """The own space of who signed in."""
        return self.signin.auth.person

    @property
    def is_agent(self) -> bool:
        """Whether another's space is open."""
        return self.person != self.space

    @property
    def basis(self) -> Basis:
        """Why acting in the space is lawful."""
        return Basis.MANDATE if self.is_agent else Basis.OWN

    @property
    def actor_id(self) -> DepartmentId:
        """Owner of the counter of all holders' own acts."""
        return HOLDERS_ACTOR_ID

    @property
    def claims(self) -> tuple[Claim, ...]:
        """None: a sign-in has no proof to spend."""
        return ()

    @property
    def token_hash(self) -> bytes:
        """None: a person asks by no token."""
        return b""

    @property
    def quota_id(self) -> bytes:
        """Whose share of a batch is used."""
        return self.space.holder_id

    def facts(self, kind: HolderKind, *, now_ms: int) -> MemberFacts:
        """Return what policies may know of the member at ``now_ms``."""
        age = now_ms // MS - self.signin.auth.auth_time
        return MemberFacts(
            person_id=self.person.holder_id.hex(),
            role=AGENT if self.is_agent else _OWN_ROLES[kind],
            acr=self.signin.auth.acr.removeprefix(ACR_PREFIX),
            fresh=0 <= age <= FRESH_SECONDS,
        )

    def by(self, *, department: DepartmentId | None = None, client: ClientId | None = None) -> By:
        """Return who acts and by which mandate, for the entry; whom it concerns, if anybody."""
        mandate_id = self.signin.mandate_id
        return By(
            department=department,
            client=client,
            member=AGENT if self.is_agent else SELF,
            acting=() if mandate_id is None else (mandate_id.hex(),),
        )

    def trace(self) -> RequestTrace:
        """Return how it was asked, for the entry."""
        return RequestTrace(network=self.network, correlation=self.correlation)


_OWN_ROLES: Final = {HolderKind.PERSON: SELF, HolderKind.ORGANISATION: LEGAL_REPRESENTATIVE}


def strong(signin: SignIn, *, now: int) -> bool:
    """Say whether a sign-in will do for a mandate: a passkey, used at most minutes ago."""
    level = signin.auth.acr.removeprefix(ACR_PREFIX)
    return level in STRONG and 0 <= now - signin.auth.auth_time <= FRESH_SECONDS


@lru_cache(maxsize=1024)
def network_prefix(address: str) -> str | None:
    """Return the /24 (IPv4) or /48 (IPv6) that ``address`` is in; ``None`` if it is none."""
    try:
        found = ip_address(plain_address(address))
    except ValueError:
        return None
    prefix = 24 if found.version == 4 else 48  # noqa: PLR2004 - versions of IP
    network = ip_network((found, prefix), strict=False)
    return network.with_prefixlen if isinstance(network, IPv4Network) else network.compressed


def plain_address(address: str) -> str:
    """Return the IPv4 address that is written as one of IPv6, as a proxy on both writes it."""
    try:
        mapped = IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return address if mapped is None else str(mapped)


def new_entry_id(random: RandomBytes) -> EntryId:
    """Draw the id of an entry before it is queued, so that state rows can refer to it."""
    return EntryId(random(ID_BYTES))
