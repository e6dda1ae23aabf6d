"""What a signed-in holder sees without opening a record: heads, consents, notices, the name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vault.clients import Client
from vault.clock import MS, legal_day
from vault.consents import Consent, Use
from vault.crypto.contexts import Purpose
from vault.departments import Department
from vault.errors import NotFoundError
from vault.holders import Holder, HolderProfile
from vault.identifiers import parse
from vault.ids import DepartmentId, GrantId
from vault.notices import Notice
from vault.ports import Tx
from vault.records import RecordHead
from vault.services import Vault
from vault.services.acting import Member
from vault.services.chains import Reach, reach
from vault.services.entry_keys import held
from vault.services.open_space import profile_of
from vault.services.sign_in_limits import account_of, wrong_codes

NOTICES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConsent:
    """A consent with what it takes to show it.

    Attributes:
        uses: By evidence code.
    """

    consent: Consent
    department: Department | None
    client: Client | None
    uses: Mapping[str, Use]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHead:
    """A record as a list shows it: no value of it."""

    head: RecordHead
    issuer: Department | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSpace:
    """The space as its holder finds it.

    Attributes:
        notices: The newest first, at most ``NOTICES``.
        wrong_codes: That were tried for this account yesterday and today, by whomever.
    """

    holder: Holder
    profile: HolderProfile = field(repr=False)
    records: tuple[OwnHead, ...]
    consents: tuple[OwnConsent, ...]
    notices: tuple[Notice, ...]
    wrong_codes: int


def own_space(vault: Vault, member: Member) -> OwnSpace:
    """Return the member's space.

    Raises:
        NotFoundError: It is not there any more.
        IntegrityError: Its profile does not open.
    """
    now_ms = vault.clock.now_ms()
    with vault.read() as tx:
        far = reach(tx, member, now_ms=now_ms)
        holder = tx.holders.get(member.space)
        if holder is None:
            raise NotFoundError("no such space")
        data_key = held(tx.holders.keys(member.space), Purpose.HOLDER_DATA_KEY)
        profile = profile_of(vault, holder, data_key=data_key)
        number = parse(profile.number_kind, profile.number, today=legal_day(now_ms))
        account = account_of(vault, number)
        return OwnSpace(
            holder=holder,
            profile=profile,
            wrong_codes=0
            if member.is_agent
            else wrong_codes(vault, tx, account=account, now=now_ms // MS),
            records=own_records(tx, member, far),
            consents=_own_consents(tx, member, far, now_ms=now_ms),
            notices=() if member.is_agent else tx.notices.of_holder(member.space, limit=NOTICES),
        )


def holder_of(vault: Vault, member: Member) -> Holder:
    """Return whose space is open.

    Raises:
        NotFoundError: It is not there any more.
    """
    with vault.read() as tx:
        holder = tx.holders.get(member.space)
    if holder is None:
        raise NotFoundError("no such space")
    return holder


def own_heads(vault: Vault, member: Member) -> tuple[OwnHead, ...]:
    """Return the records of the member's space as a list shows them."""
    with vault.read() as tx:
        return own_records(tx, member, reach(tx, member, now_ms=vault.clock.now_ms()))


def own_records(tx: Tx, member: Member, far: Reach) -> tuple[OwnHead, ...]:
    """Return the heads of the records in reach, with their issuers."""
    issuers: dict[DepartmentId, Department | None] = {}
    found = []
    for head in filter(lambda one: far.reads(one.code), tx.records.heads(member.space)):
        if head.department_id not in issuers:
            issuers[head.department_id] = tx.departments.get(head.department_id)
        found.append(OwnHead(head=head, issuer=issuers[head.department_id]))
    return tuple(found)


def own_consents(vault: Vault, member: Member) -> tuple[OwnConsent, ...]:
    """Return all consents in reach of the member, those that ended too."""
    with vault.read() as tx:
        now_ms = vault.clock.now_ms()
        far = reach(tx, member, now_ms=now_ms)
        return _own_consents(tx, member, far, now_ms=now_ms)


def own_consent(vault: Vault, member: Member, grant_id: GrantId) -> OwnConsent:
    """Return one consent of the member's space.

    Raises:
        NotFoundError: The holder gave no such consent.
    """
    with vault.read() as tx:
        far = reach(tx, member, now_ms=vault.clock.now_ms())
        found = tx.consents.get(member.space, grant_id=grant_id)
        if found is None or not far.decides(found.item):
            raise NotFoundError("no such consent")
        return _shown(tx, found)


def notices_read(vault: Vault, member: Member) -> None:
    """Remember that the holder has seen the notices of now; an agent has not."""
    if member.is_agent:
        return
    with vault.work() as tx:
        tx.notices.mark_read(member.space, at_ms=vault.clock.now_ms())


def _own_consents(tx: Tx, member: Member, far: Reach, *, now_ms: int) -> tuple[OwnConsent, ...]:
    """Return the consents in reach; parts of them only while they live, which is minutes."""
    return tuple(
        _shown(tx, one)
        for one in tx.consents.of_holder(member.space)
        if far.decides(one.item) and (one.parent_id is None or now_ms < one.expires_at_ms)
    )


def _shown(tx: Tx, consent: Consent) -> OwnConsent:
    return OwnConsent(
        consent=consent,
        department=tx.departments.get(consent.department_id),
        client=tx.clients.get(consent.client_id),
        uses=tx.consents.uses(consent.space, grant_id=consent.grant_id),
    )
