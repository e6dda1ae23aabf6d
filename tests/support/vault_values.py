"""Rows for tests of stores and journal; nobody in them exists. Each says only what differs."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from policies.scopes import View
from vault.cases import Case, CaseState
from vault.clients import Client, ClientStatus, Profile
from vault.clients.confirmation import Confirmation
from vault.clients.developers import Appointment, AppointmentStatus
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    InteractionState,
    Message,
    PushedRequest,
    RefreshToken,
    SignIn,
    SignInAttempt,
    authenticated,
)
from vault.consents import Consent, ConsentStatus, Use
from vault.consents.details import Details, EvidenceGrant
from vault.crypto.contexts import Purpose
from vault.crypto.envelope import Manifest
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.suites import Suite
from vault.departments import Department, DepartmentStatus
from vault.holders import Holder, HolderKind, HolderState
from vault.identifiers import IdentifierKind
from vault.ids import (
    CaseNumber,
    ClientId,
    DepartmentId,
    EntryId,
    GrantId,
    HolderId,
    MandateId,
    NoticeId,
    RecordId,
    Space,
)
from vault.mandates import Act, Mandate, MandateStatus, Powers
from vault.notices import Notice, NoticeKind
from vault.passkeys import Ceremony, Challenge, Passkey, PasskeyId, PasskeyStatus
from vault.ports import IdentifierIndex
from vault.records import RecordHead, RecordStatus, SealedFile, SealedRecord, TrustGrade

NOW = 1_795_000_000
NOW_MS = NOW * 1000
DAY = 24 * 3600

SPACE = Space(0, HolderId(b"\x11" * 16))
OTHER_SPACE = Space(0, HolderId(b"\x12" * 16))
DEPARTMENT_ID = DepartmentId(b"\x21" * 16)
OTHER_DEPARTMENT_ID = DepartmentId(b"\x22" * 16)
CLIENT_ID = ClientId("licensing")
RECORD_ID = RecordId(b"\x31" * 16)
OTHER_RECORD_ID = RecordId(b"\x32" * 16)
GRANT_ID = GrantId(b"\x41" * 16)
OTHER_GRANT_ID = GrantId(b"\x42" * 16)
MANDATE_ID = MandateId(b"\x71" * 16)
OTHER_MANDATE_ID = MandateId(b"\x72" * 16)
CASE_NO = CaseNumber("11110105PDY001012C4000131020100261124072193")
ITEM = "11110105PDY001012C4000131020100"
ENTRY_ID = EntryId(b"\x51" * 16)


def digest(text: str) -> bytes:
    """Return 32 bytes that differ for different texts."""
    return sha256(text.encode()).digest()


def a_key(purpose: Purpose, owner_id: bytes, **changes: Any) -> WrappedKey:  # noqa: ANN401 - any column
    """Return a wrapped key that nobody will unwrap."""
    plain = WrappedKey(
        purpose=purpose,
        owner_id=owner_id,
        name="",
        version=1,
        parent_version=1,
        suite=Suite.AES_256_GCM,
        wrap=digest(f"{purpose} {owner_id.hex()}") * 3,
        state=WrapState.LIVE,
    )
    return replace(plain, **changes)


def a_holder(space: Space = SPACE, **changes: Any) -> Holder:  # noqa: ANN401 - any column
    plain = Holder(
        space=space,
        kind=HolderKind.PERSON,
        state=HolderState.ACTIVE,
        version=1,
        profile=b"sealed profile",
        created_at_ms=NOW_MS,
    )
    return replace(plain, **changes)


def holder_keys(space: Space = SPACE) -> tuple[WrappedKey, ...]:
    """Return the three keys of a holder, in the order in which they are listed."""
    return tuple(
        a_key(purpose, space.holder_id)
        for purpose in (
            Purpose.HOLDER_DATA_KEY,
            Purpose.HOLDER_JOURNAL_KEY,
            Purpose.HOLDER_TAG_KEY,
        )
    )


def a_number(text: str = "one", **changes: Any) -> IdentifierIndex:  # noqa: ANN401 - any column
    plain = IdentifierIndex(kind=IdentifierKind.RESIDENT_ID, index=digest(text), key_version=1)
    return replace(plain, **changes)


def a_department(department_id: DepartmentId = DEPARTMENT_ID, **changes: Any) -> Department:  # noqa: ANN401 - any column
    plain = Department(
        department_id=department_id,
        code=f"code {department_id.hex()}",
        name_zh="示范区市场监督管理局（模拟）",
        name_en="Demo District Market Regulation (simulated)",
        contact="service@example.org",
        privacy_officer="privacy@example.org",
        status=DepartmentStatus.ACTIVE,
        version=1,
    )
    return replace(plain, **changes)


def a_client(client_id: ClientId = CLIENT_ID, **changes: Any) -> Client:  # noqa: ANN401 - any column
    plain = Client(
        client_id=client_id,
        department_id=DEPARTMENT_ID,
        name_zh="许可系统",
        name_en="Licensing system",
        profile=Profile.FAPI2,
        status=ClientStatus.ACTIVE,
        jwks='{"keys":[]}',
        redirect_uris=("https://client.example.org/b", "https://client.example.org/a"),
        grant_types=frozenset({"authorization_code", "client_credentials"}),
        scopes=frozenset({"records:write", "cases:write"}),
        evidence={"ID01": View.FULL, "LC04": View.SUMMARY},
        issue_codes=frozenset({"LC04"}),
        service_items=frozenset({ITEM}),
        version=1,
    )
    return replace(plain, **changes)


def a_head(record_id: RecordId = RECORD_ID, **changes: Any) -> RecordHead:  # noqa: ANN401 - any column
    plain = RecordHead(
        space=SPACE,
        record_id=record_id,
        version=1,
        payload_version=1,
        code="ID01",
        department_id=DEPARTMENT_ID,
        status=RecordStatus.VALID,
        trust_grade=TrustGrade.A,
        valid_from=None,
        valid_to=None,
        served_until=None,
        updated_at_ms=NOW_MS,
    )
    return replace(plain, **changes)


def a_record(
    head: RecordHead | None = None, *, files: tuple[SealedFile, ...] = (), text: str = "sealed"
) -> SealedRecord:
    """Return a version whose payload nobody will open."""
    sealed = text.encode() * 8
    return SealedRecord(
        head=head or a_head(),
        suite=Suite.AES_256_GCM,
        manifest=Manifest(
            length=len(sealed), sha256=sha256(sealed).digest(), commitment=digest(text)
        ),
        sealed=sealed,
        files=files,
    )


def record_key(record: SealedRecord) -> WrappedKey:
    """Return the wrapped key of a version with its own payload."""
    head = record.head
    return a_key(Purpose.RECORD_KEY, head.record_id, version=head.version)


def a_file(object_key: str, *, number: int = 1) -> SealedFile:
    return SealedFile(
        number=number,
        object_key=object_key,
        manifest=Manifest(length=5, sha256=digest(object_key), commitment=digest("file")),
    )


def some_details(*codes: str, uses: int | None = None) -> Details:
    """Return details of the evidence ``codes``."""
    return Details(
        evidence={
            code: EvidenceGrant(code=code, view=View.FULL, fields=frozenset({"name", "sex"}))
            for code in codes or ("ID01", "LC01")
        },
        starts_at=NOW - 60,
        ends_at=NOW + DAY,
        uses=uses,
        retention_days=30,
        legal_article="licensing-31",
    )


def a_consent(grant_id: GrantId = GRANT_ID, **changes: Any) -> Consent:  # noqa: ANN401 - any column
    details = changes.get("details") or some_details()
    plain = Consent(
        space=SPACE,
        grant_id=grant_id,
        client_id=CLIENT_ID,
        department_id=DEPARTMENT_ID,
        status=ConsentStatus.ACTIVE,
        version=1,
        details=details,
        note=b"sealed note",
        purpose="licence_application",
        item=ITEM,
        case_no=CASE_NO,
        shown_hash=digest("shown"),
        shown_locale="zh-CN",
        created_at_ms=NOW_MS,
        expires_at_ms=details.ends_at * 1000,
        ended_at_ms=None,
        state_entry=ENTRY_ID,
    )
    return replace(plain, **changes)


def revoked(consent: Consent) -> Consent:
    """Return the next version of ``consent``: revoked."""
    return replace(
        consent,
        status=ConsentStatus.REVOKED,
        version=consent.version + 1,
        ended_at_ms=NOW_MS + 1,
    )


def some_powers(*codes: str, **changes: Any) -> Powers:  # noqa: ANN401 - any attribute
    """Return powers over the evidence ``codes``."""
    plain = Powers(
        acts=frozenset(Act),
        evidence=dict.fromkeys(codes or ("ID01", "LC01"), View.FULL),
        items=frozenset({ITEM}),
        starts_at=NOW - 60,
        ends_at=NOW + DAY,
    )
    return replace(plain, **changes)


def a_mandate(mandate_id: MandateId = MANDATE_ID, **changes: Any) -> Mandate:  # noqa: ANN401 - any column
    plain = Mandate(
        space=SPACE,
        mandate_id=mandate_id,
        giver=SPACE,
        receiver=OTHER_SPACE,
        parent_id=None,
        status=MandateStatus.ACTIVE,
        version=1,
        powers=some_powers(),
        label=b"sealed label",
        created_at_ms=NOW_MS,
        ended_at_ms=None,
        state_entry=ENTRY_ID,
    )
    return replace(plain, **changes)


def a_use(code: str = "ID01", *, limit: int | None = None, used: int = 0) -> Use:
    return Use(space=SPACE, grant_id=GRANT_ID, code=code, used=used, limit=limit)


def an_appointment(space: Space = SPACE, **changes: Any) -> Appointment:  # noqa: ANN401 - any column
    """Return an appointment as a developer."""
    plain = Appointment(
        space=space,
        appointment_id=b"\x71" * 16,
        department_id=DEPARTMENT_ID,
        status=AppointmentStatus.ACTIVE,
        version=1,
    )
    return replace(plain, **changes)


def a_case(case_no: CaseNumber = CASE_NO, **changes: Any) -> Case:  # noqa: ANN401 - any column
    plain = Case(
        space=SPACE,
        case_no=case_no,
        department_id=DEPARTMENT_ID,
        item=ITEM,
        state=CaseState.ACCEPTED,
        opened_at_ms=NOW_MS,
        version=1,
    )
    return replace(plain, **changes)


def a_notice(number: int = 1, **changes: Any) -> Notice:  # noqa: ANN401 - any column
    plain = Notice(
        space=SPACE,
        notice_id=NoticeId(number.to_bytes(16, "big")),
        kind=NoticeKind.ACCESS,
        entry_id=ENTRY_ID,
        at_ms=NOW_MS + number,
    )
    return replace(plain, **changes)


def a_pushed_request(text: str = "pushed", **changes: Any) -> PushedRequest:  # noqa: ANN401 - any column
    plain = PushedRequest(
        request_hash=digest(text),
        client_id=CLIENT_ID,
        params=b"sealed parameters",
        cnf=Confirmation.key("thumbprint"),
        expires_at=NOW + 60,
    )
    return replace(plain, **changes)


def an_interaction(text: str = "interaction", **changes: Any) -> Interaction:  # noqa: ANN401 - any column
    plain = Interaction(
        interaction_id=digest(text)[:16],
        request_hash=digest("pushed"),
        browser_hash=digest(f"browser of {text}"),
        signin_hash=None,
        state=InteractionState.OPEN,
        expires_at=NOW + 600,
    )
    return replace(plain, **changes)


AAL1 = "urn:myspace:acr:aal1"
AUTHENTICATION = authenticated(SPACE, acr=AAL1, at=NOW - 30, signin_hash=b"a sign-in")


def a_code(text: str = "code", **changes: Any) -> AuthorizationCode:  # noqa: ANN401 - any column
    plain = AuthorizationCode(
        code_hash=digest(text),
        space=SPACE,
        grant_id=GRANT_ID,
        family_id=digest("family")[:16],
        client_id=CLIENT_ID,
        redirect_uri="https://client.example.org/a",
        code_challenge="challenge",
        cnf=Confirmation.key("thumbprint"),
        auth=AUTHENTICATION,
        scope="",
        expires_at=NOW + 60,
    )
    return replace(plain, **changes)


def a_token(text: str = "token", **changes: Any) -> AccessToken:  # noqa: ANN401 - any column
    """Return a token of the usual consent; ``registry=True`` makes it one without a holder."""
    plain = AccessToken(
        token_hash=digest(text),
        space=SPACE,
        grant_id=GRANT_ID,
        family_id=digest("family")[:16],
        client_id=CLIENT_ID,
        scope="",
        details=some_details().to_json(),
        cnf=Confirmation.key("thumbprint"),
        auth=AUTHENTICATION,
        issued_at=NOW,
        expires_at=NOW + 600,
    )
    if changes.pop("registry", False):
        plain = replace(plain, space=None, grant_id=None, details=None, auth=None)
    return replace(plain, **changes)


def a_refresh_token(text: str = "refresh", **changes: Any) -> RefreshToken:  # noqa: ANN401 - any column
    """Return the refresh token that belongs to ``a_token``."""
    plain = RefreshToken(
        token_hash=digest(text),
        space=SPACE,
        grant_id=GRANT_ID,
        family_id=digest("family")[:16],
        client_id=CLIENT_ID,
        scope="offline_access",
        details=some_details().to_json(),
        cnf=Confirmation.key("thumbprint"),
        auth=AUTHENTICATION,
        issued_at=NOW,
        idle_expires_at=NOW + 600,
        expires_at=NOW + DAY,
    )
    return replace(plain, **changes)


def a_claim(text: str = "proof", **changes: Any) -> Claim:  # noqa: ANN401 - any column
    return replace(Claim(kind="dpop", key_hash=digest(text), expires_at=NOW + 300), **changes)


def an_attempt(text: str = "attempt", **changes: Any) -> SignInAttempt:  # noqa: ANN401 - any column
    plain = SignInAttempt(
        attempt_hash=digest(text),
        space=SPACE,
        code_hash=digest(f"digits of {text}"),
        tries=0,
        expires_at=NOW + 300,
    )
    return replace(plain, **changes)


def a_signin(text: str = "signin", **changes: Any) -> SignIn:  # noqa: ANN401 - any column
    plain = SignIn(
        signin_hash=digest(text),
        space=SPACE,
        csrf_hash=digest(f"csrf of {text}"),
        auth=authenticated(SPACE, acr=AAL1, at=NOW - 10, signin_hash=digest(text)),
        idle_expires_at=NOW + 600,
        expires_at=NOW + 3600,
    )
    return replace(plain, **changes)


def a_message(text: str = "message", **changes: Any) -> Message:  # noqa: ANN401 - any column
    plain = Message(
        message_id=digest(text)[:16], kind="one-time-code", sealed=b"sealed text", created_at=NOW
    )
    return replace(plain, **changes)


def a_passkey(text: str = "credential", **changes: Any) -> Passkey:  # noqa: ANN401 - any column
    """Return an active passkey whose credential is named by ``text``."""
    plain = Passkey(
        space=SPACE,
        passkey_id=PasskeyId(digest(text)[:16]),
        credential_id=text.encode(),
        public_key=b"cose",
        status=PasskeyStatus.ACTIVE,
        version=1,
        device_bound=False,
        attested=False,
        attestation="none",
        aaguid=bytes(16),
        name=b"sealed name",
        created_at_ms=NOW_MS,
        ended_at_ms=None,
        state_entry=ENTRY_ID,
    )
    return replace(plain, **changes)


def a_challenge(text: str = "challenge", **changes: Any) -> Challenge:  # noqa: ANN401 - any column
    """Return a challenge of one browser, for signing in."""
    plain = Challenge(
        challenge_hash=digest(text),
        bound_hash=digest("browser"),
        ceremony=Ceremony.SIGN_IN,
        expires_at=NOW + 300,
    )
    return replace(plain, **changes)
