import json
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.consent_page import Choice, Chosen, ConsentPage, FieldShown, Text
from api.deps import DeclinedBeforeError
from api.oauth.prompts import count_declined, count_prompt
from policies.scopes import View
from tests.support.oauth_world import (
    CASE,
    DEPARTMENT,
    ITEM,
    KEYS,
    NOW,
    ORIGIN,
    OTHER_DEPARTMENT,
    OTHER_SPACE,
    REDIRECT,
    SPACE,
    World,
    case,
    client,
    department,
    details,
)
from vault.cases import CaseState
from vault.clients import ClientStatus
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import InteractionState, SignIn
from vault.errors import (
    ConflictError,
    InvalidInputError,
    JournalUnavailableError,
    NotFoundError,
    RateLimitedError,
    StepUpRequiredError,
)
from vault.ids import ClientId, RecordId
from vault.records import RecordHead, RecordStatus, TrustGrade, answering

HOUR = 3600
DAY = 24 * HOUR
NOON = NOW // DAY * DAY + DAY // 2

HEAD = RecordHead(
    space=SPACE,
    record_id=RecordId(b"\x31" * 16),
    version=1,
    payload_version=1,
    code="ID01",
    department_id=OTHER_DEPARTMENT,
    status=RecordStatus.VALID,
    trust_grade=TrustGrade.A,
    valid_from=None,
    valid_to=None,
    served_until=None,
    updated_at_ms=(NOW - 86_400) * 1000,
)
EVERYTHING = {
    "ID01": Chosen(view=View.FULL, fields=frozenset({"name", "id_number"})),
    "LC04": Chosen(view=View.SUMMARY, fields=frozenset({"location", "usage", "area"})),
    "LC01": Chosen(view=View.VERIFY, fields=frozenset()),
}


def opened(world: World, **changes: Any) -> tuple[ConsentPage, SignIn, str]:  # noqa: ANN401 - any parameter
    """Push, open and sign in; return the page, the sign-in and the browser's secret."""
    interaction_id, browser = world.visit(**changes)
    signin = world.signin()
    return world.desk.open(interaction_id, signin=signin, browser=browser), signin, browser


def decide(
    world: World,
    shown: tuple[ConsentPage, SignIn, str],
    choice: Choice | None,
    **changes: Any,  # noqa: ANN401 - any argument
) -> str:
    """Decide on a page that was opened; return where the browser is sent."""
    page, signin, browser = shown
    how: dict[str, Any] = {
        "signin": signin,
        "browser": browser,
        "choice": choice,
        "locale": "zh-CN",
        "shown_hash": page.shown_hash("zh-CN"),
    }
    return world.desk.decide(page.interaction_id, **(how | changes)).location


def queried(location: str) -> dict[str, str]:
    """Return the parameters of a redirect."""
    return dict(parse_qsl(urlsplit(location).query))


def test_the_page_shows_everything_from_the_registry_and_the_catalogue(world: World) -> None:
    world.memory.add(HEAD)
    page, _, _ = opened(world, ui_locales="en")

    assert (page.department, page.department_contact, page.privacy_officer) == (
        Text("示范区市场监督管理局（模拟）", "Demo District Market Regulation (simulated)"),
        "service@example.org",
        "privacy@example.org",
    )
    assert (page.item.en, page.purpose.en) == (
        "Food business licence (small restaurant)",
        "Applying for a licence",
    )
    assert (page.case_no, page.note) == (CASE, "核对申请人身份，受理食品经营许可")
    assert (page.uses, page.retention_days, page.starts_at, page.ends_at) == (
        3,
        30,
        NOW - 60,
        NOW + 86_400,
    )
    assert (page.locale, page.redirect_origin) == ("en", "https://client.example.org")
    assert page.expires_at == NOW + 480
    assert page.legal.zh.startswith("《中华人民共和国行政许可法》")
    assert all(page.refusal) and all(page.withdrawal) and all(page.rights)  # noqa: PT018 - one duty
    identity, business, estate = page.evidence
    assert (identity.code, identity.label.zh, identity.level) == ("ID01", "居民身份证", 3)
    assert (identity.record_id, identity.status) == (HEAD.record_id, "01")
    assert identity.updated_at_ms == HEAD.updated_at_ms
    assert identity.views == (View.VERIFY, View.SUMMARY, View.FULL)
    assert identity.fields == (
        FieldShown(name="name", label=Text("姓名", "Name"), other_person=False),
        FieldShown(name="id_number", label=Text("公民身份号码", "ID number"), other_person=False),
    )
    assert identity.necessity.zh == "必需；不授权：须用其他方式提供后才能办理"
    assert identity.other_way.en == "Show the card at the window"
    assert (business.views, business.fields) == ((View.VERIFY,), ())
    assert (estate.record_id, estate.status, estate.updated_at_ms) == (None, "", None)


def test_the_text_that_is_hashed_is_the_text_of_one_language(world: World) -> None:
    page, _, _ = opened(world)

    zh, en = (json.loads(page.text(locale)) for locale in ("zh-CN", "en"))

    assert (zh["locale"], zh["page"]["item"]) == ("zh-CN", "食品经营许可（小微餐饮）")
    assert (en["locale"], en["page"]["evidence"][0]["views"]) == (
        "en",
        ["verify", "summary", "full"],
    )
    assert page.shown_hash("zh-CN") != page.shown_hash("en")


def test_b02_d12_a_consent_leads_back_with_code_state_and_issuer(world: World) -> None:
    shown = opened(world, state="a b&c=1")

    location = decide(world, shown, Choice(evidence=EVERYTHING))

    assert location.startswith(f"{REDIRECT}&code=vco_")
    found = queried(location)
    assert found.pop("code")
    assert found == {"flow": "1", "state": "a b&c=1", "iss": ORIGIN}


def test_what_is_handed_to_the_vault_is_what_was_decided(world: World) -> None:
    shown = opened(world)

    location = decide(world, shown, Choice(evidence=EVERYTHING))

    (given,) = world.given
    page, signin, _ = shown
    code = queried(location)["code"]
    assert given.code.code_hash == world.provider.secrets.hash(code)
    assert code not in repr(given)
    assert (given.code.space, given.code.redirect_uri) == (SPACE, REDIRECT)
    assert given.code.cnf == Confirmation.key(KEYS["proof"].thumbprint)
    assert given.code.auth == signin.auth
    assert given.code.expires_at == NOW + 60
    assert given.code.scope == (
        "ev:identity:resident_id_card:full ev:licence:business_license:verify"
        " ev:licence:real_estate_certificate:summary"
    )
    assert (given.shown_hash, given.shown_locale) == (page.shown_hash("zh-CN"), "zh-CN")
    assert set(given.details.evidence) == set(EVERYTHING)
    assert (given.purpose, given.case_no) == ("licence_application", CASE)
    note = world.provider.secrets.open(given.note, request_id=given.code.grant_id)
    assert note.decode() == page.note


def test_b02_the_code_of_a_decision_is_exchanged_for_a_token(world: World) -> None:
    location = decide(world, opened(world), Choice(evidence=EVERYTHING))

    answer = world.redeem(queried(location)["code"])

    assert answer.status_code == 200
    assert world.use(answer.json()["access_token"]).status_code == 200


def test_b37_a_holder_may_drop_evidence_lower_views_and_shorten(world: World) -> None:
    shown = opened(world)
    choice = Choice(
        evidence={
            "ID01": Chosen(view=View.SUMMARY, fields=frozenset({"name"})),
            "LC04": Chosen(view=View.VERIFY, fields=frozenset({"location"})),
        },
        ends_at=NOW + 3600,
        uses=1,
        retention_days=0,
    )

    location = decide(world, shown, choice)
    body = world.redeem(queried(location)["code"]).json()

    (granted,) = body["authorization_details"]
    assert granted["evidence"] == [
        {"code": "ID01", "view": "summary", "fields": ["name"]},
        {"code": "LC04", "view": "verify"},
    ]
    assert (granted["uses"], granted["retention_days"]) == (1, 0)
    assert granted["valid"] == {"from": NOW - 60, "to": NOW + 3600}
    assert body["expires_in"] == 60


@pytest.mark.parametrize(
    "choice",
    [
        Choice(evidence={}),
        Choice(evidence={"MT04": Chosen(view=View.VERIFY, fields=frozenset())}),
        Choice(evidence={"LC01": Chosen(view=View.SUMMARY, fields=frozenset())}),
        Choice(evidence={"ID01": Chosen(view=View.FULL, fields=frozenset({"sex"}))}),
        Choice(evidence=EVERYTHING, ends_at=NOW + 86_401),
        Choice(evidence=EVERYTHING, ends_at=0),
        Choice(evidence=EVERYTHING, uses=4),
        Choice(evidence=EVERYTHING, uses=0),
        Choice(evidence=EVERYTHING, retention_days=31),
        Choice(evidence=EVERYTHING, retention_days=-1),
    ],
)
def test_nothing_wider_than_the_request_is_granted(world: World, choice: Choice) -> None:
    shown = opened(world)

    with pytest.raises(InvalidInputError):
        decide(world, shown, choice)

    assert world.given == []


def test_b18_d12_a_refusal_is_recorded_and_told(world: World) -> None:
    location = decide(world, opened(world), None)

    (denied,) = world.denied
    assert queried(location) == {
        "flow": "1",
        "error": "access_denied",
        "error_description": "the holder declined",
        "state": "st",
        "iss": ORIGIN,
    }
    assert set(denied.details.evidence) == set(EVERYTHING)
    assert (world.given, world.memory.rows.codes) == ([], {})


@pytest.mark.parametrize("first", [None, Choice(evidence=EVERYTHING)])
def test_b08_a_request_is_decided_once(world: World, first: Choice | None) -> None:
    shown = opened(world)
    decide(world, shown, first)

    with pytest.raises(NotFoundError):
        decide(world, shown, Choice(evidence=EVERYTHING))

    assert len(world.given) + len(world.denied) == 1


def test_b08_of_two_browsers_with_one_request_only_one_decides(world: World) -> None:
    name = world.push().json()["request_uri"]
    shown = []
    for _ in range(2):
        world.http.cookies.clear()
        answer = world.lead(name)
        interaction_id = bytes.fromhex(answer.headers["location"].rpartition("/")[2])
        browser = world.http.cookies["__Host-vault-browser"]
        signin = world.signin()
        page = world.desk.open(interaction_id, signin=signin, browser=browser)
        shown.append((page, signin, browser))
    decide(world, shown[0], Choice(evidence=EVERYTHING))

    with pytest.raises(NotFoundError):
        decide(world, shown[1], Choice(evidence=EVERYTHING))


@pytest.mark.parametrize("what", ["interaction", "browser", "space", "time", "signin", "closed"])
def test_b39_b59_a_page_is_of_one_browser_one_person_and_its_time(world: World, what: str) -> None:
    interaction_id, browser = world.visit()
    signin = world.signin()
    world.desk.open(interaction_id, signin=signin, browser=browser)
    match what:
        case "interaction":
            interaction_id = bytes(16)
        case "browser":
            browser = world.provider.secrets.mint("vbr_")
        case "space":
            signin = replace(world.signin(OTHER_SPACE), signin_hash=signin.signin_hash)
        case "signin":
            signin = world.signin()
        case "time":
            world.clock.now += 480
        case _:
            row = world.memory.rows.interactions[interaction_id]
            denied = replace(row, state=InteractionState.DENIED)
            world.memory.rows.interactions[interaction_id] = denied

    with pytest.raises(NotFoundError):
        world.desk.open(interaction_id, signin=signin, browser=browser)


def test_b39_the_page_of_somebody_elses_case_is_not_shown(world: World) -> None:
    interaction_id, browser = world.visit()

    with pytest.raises(NotFoundError):
        world.desk.open(interaction_id, signin=world.signin(OTHER_SPACE), browser=browser)

    assert world.memory.rows.interactions[interaction_id].signin_hash is None


def test_b59_a_page_that_was_never_opened_cannot_be_decided(world: World) -> None:
    interaction_id, browser = world.visit()
    signin = world.signin()

    with pytest.raises(NotFoundError):
        world.desk.decide(
            interaction_id,
            signin=signin,
            browser=browser,
            choice=None,
            locale="zh-CN",
            shown_hash=bytes(32),
        )


def test_opening_the_page_again_is_harmless(world: World) -> None:
    interaction_id, browser = world.visit()
    signin = world.signin()

    pages = [world.desk.open(interaction_id, signin=signin, browser=browser) for _ in range(12)]

    assert len(set(page.shown_hash("en") for page in pages)) == 1  # noqa: C401 - reads better


def test_what_has_changed_since_it_was_shown_is_shown_again(world: World) -> None:
    shown = opened(world)
    world.memory.add(HEAD)

    with pytest.raises(ConflictError):
        decide(world, shown, Choice(evidence=EVERYTHING))

    assert world.given == []


def test_the_hash_of_one_language_is_not_that_of_the_other(world: World) -> None:
    shown = opened(world)

    with pytest.raises(ConflictError):
        decide(world, shown, Choice(evidence=EVERYTHING), locale="en")


@pytest.mark.parametrize("what", ["case", "client", "redirect", "department"])
def test_a_request_that_would_be_refused_now_is_not_granted(world: World, what: str) -> None:
    shown = opened(world)
    match what:
        case "case":
            world.memory.add(case(state=CaseState.CLOSED))
        case "client":
            world.memory.add(client("licensing", status=ClientStatus.SUSPENDED))
        case "redirect":
            world.memory.add(client("licensing", redirect_uris=("https://x.example.org/",)))
        case _:
            world.memory.add(department(DEPARTMENT, contact="other@example.org"))

    with pytest.raises((ConflictError, NotFoundError)):
        decide(world, shown, Choice(evidence=EVERYTHING))

    assert world.given == []


@pytest.mark.parametrize(
    ("age", "changes", "fresh"),
    [
        (299, {}, True),
        (300, {}, True),
        (301, {}, False),
        (10, {"max_age": "10"}, True),
        (11, {"max_age": "10"}, False),
        (1, {"max_age": "0"}, False),
        (0, {"max_age": "0"}, True),
        (1, {"prompt": "login"}, False),
        (0, {"prompt": "login consent"}, True),
        (299, {"prompt": "consent"}, True),
        (300, {"max_age": "999999999"}, True),
    ],
    ids=str,
)
def test_b40_b41_a_consent_needs_a_fresh_sign_in(
    world: World, age: int, changes: dict[str, str], *, fresh: bool
) -> None:
    interaction_id, browser = world.visit(**changes)
    signin = world.signin(age=age)

    if fresh:
        world.desk.open(interaction_id, signin=signin, browser=browser)
        return

    with pytest.raises(StepUpRequiredError) as caught:
        world.desk.open(interaction_id, signin=signin, browser=browser)

    assert caught.value.acr == "urn:myspace:acr:aal1"
    assert world.memory.rows.interactions[interaction_id].signin_hash is None


def test_b40_a_sign_in_that_grew_old_on_the_page_does_not_grant(world: World) -> None:
    shown = opened(world)
    world.clock.now += 291

    with pytest.raises(StepUpRequiredError):
        decide(world, shown, Choice(evidence=EVERYTHING))


def test_a_system_asks_a_holder_five_times_an_hour(world: World) -> None:
    world.clock.now += HOUR - world.clock.now % HOUR
    for _ in range(5):
        opened(world)

    with pytest.raises(RateLimitedError) as caught:
        opened(world)
    world.clock.now += caught.value.retry_after_seconds
    opened(world)

    assert caught.value.retry_after_seconds == HOUR


def asked(world: World, *, at: int, client_id: str = "licensing", **who: Any) -> int | None:  # noqa: ANN401 - holder, item, department
    """Count a request at a second of a day; return for how long it has to wait, if it has to."""
    department_id = who.get("department_id", DEPARTMENT)
    asker = replace(
        client("licensing"), client_id=ClientId(client_id), department_id=department_id
    )
    with world.vault.work() as tx:
        found = count_prompt(
            world.vault,
            tx,
            asker,
            holder=who.get("space", SPACE).holder_id,
            item=who.get("item", ITEM),
            now=NOON + at,
        )
    return None if found is None else found.retry_after_seconds


def declined(world: World, *, at: int) -> None:
    with world.vault.work() as tx:
        count_declined(
            world.vault, tx, client("licensing"), holder=SPACE.holder_id, item=ITEM, now=NOON + at
        )


def test_a_department_asks_a_holder_ten_times_a_day_whichever_of_its_systems_asks(
    world: World,
) -> None:
    waits = [asked(world, at=number, client_id=f"system-{number}") for number in range(11)]

    assert waits == [None] * 10 + [DAY // 2 - 10]
    assert asked(world, at=DAY // 2) is None
    assert asked(world, at=11, department_id=OTHER_DEPARTMENT) is None
    assert asked(world, at=11, space=OTHER_SPACE) is None


def test_whoever_declined_twice_is_left_alone_until_the_end_of_the_next_day(world: World) -> None:
    for at in (0, 1):
        declined(world, at=at)

    waits = [asked(world, at=at) for at in (2, DAY, DAY + DAY // 2)]

    assert waits == [DAY + DAY // 2 - 2, DAY // 2, None]


def test_what_was_declined_is_one_item_of_one_department(world: World) -> None:
    for at in (0, 1):
        declined(world, at=at)

    others = [
        asked(world, at=2, **other)
        for other in ({"item": "x"}, {"space": OTHER_SPACE}, {"department_id": OTHER_DEPARTMENT})
    ]

    assert others == [None, None, None]
    assert asked(world, at=2, client_id="another-system") is not None


def test_a_page_that_was_declined_twice_is_not_shown_again(world: World) -> None:
    for _ in range(2):
        decide(world, opened(world), None)

    with pytest.raises(DeclinedBeforeError):
        opened(world)


def test_a_page_that_was_shown_is_shown_again_without_being_counted(world: World) -> None:
    page, signin, browser = opened(world)

    for _ in range(20):
        again = world.desk.open(page.interaction_id, signin=signin, browser=browser)
        assert again == page


def test_whoever_declined_once_or_said_yes_meanwhile_can_be_asked(world: World) -> None:
    decide(world, opened(world), None)
    decide(world, opened(world), Choice(evidence=EVERYTHING))

    page, _, _ = opened(world)

    assert page.interaction_id


def test_what_the_journal_did_not_take_was_not_declined(world: World) -> None:
    shown = [opened(world), opened(world)]

    def away(*_: object) -> None:
        raise JournalUnavailableError("the journal is away")

    world.desk._deny = away  # noqa: SLF001 - the verb that fails
    for one in shown:
        with pytest.raises(JournalUnavailableError):
            decide(world, one, None)

    opened(world)


def test_b64_without_the_journal_nothing_is_granted_and_no_code_is_told(world: World) -> None:
    shown = opened(world)

    def away(*_: object) -> None:
        raise JournalUnavailableError("the journal is away")

    world.desk._give = away  # noqa: SLF001 - the verb that fails
    with pytest.raises(JournalUnavailableError):
        decide(world, shown, Choice(evidence=EVERYTHING))

    assert world.memory.rows.codes == {}


TODAY = date(2026, 11, 24)
OLD = replace(HEAD, record_id=RecordId(b"\x32" * 16), updated_at_ms=1)
LAPSED = replace(HEAD, status=RecordStatus.LAPSED)
ENDED = replace(HEAD, valid_to=date(2026, 11, 23))
HIDDEN = replace(HEAD, served_until=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("heads", "found"),
    [
        ((), None),
        ((HIDDEN,), None),
        ((HIDDEN, LAPSED), LAPSED),
        ((OLD, HEAD), HEAD),
        ((OLD, LAPSED), OLD),
        ((ENDED, OLD), OLD),
        ((LAPSED, replace(ENDED, updated_at_ms=1)), LAPSED),
    ],
)
def test_the_page_shows_the_record_that_a_pull_would_find(
    heads: tuple[RecordHead, ...], found: RecordHead | None
) -> None:
    assert answering(heads, today=TODAY) == found


def test_the_request_that_is_shown_is_the_one_that_was_pushed(world: World) -> None:
    page, _, _ = opened(world, details=[details(uses=None, legal=None)])

    assert page.uses is None
    assert page.legal.en.startswith("Food Safety Law")
