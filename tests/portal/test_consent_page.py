"""The consent screen: what it shows, and what comes of each decision."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from httpx2 import Response

from policies.scopes import View
from scripts.demo_clients import REDIRECT
from scripts.demo_people import Somebody
from tests.support.portal_world import POLICE, PortalWorld, Visitor
from vault.consents.details import EvidenceGrant
from vault.records import RecordStatus

NOTE = "核对您 11 月 24 日提交的开业申请 <b>&amp;"
MINUTES = 60
FULL_AND_MASKED = {"give-ID01": "full", "give-LC04": "summary"}


def opened(world: PortalWorld, *, locale: str = "zh-CN") -> tuple[Somebody, Visitor]:
    """Return a holder who sees a request for an identity card and a certificate."""
    holder = world.settled()
    visitor = world.member(holder, locale=locale)
    visitor.open(world.ask(holder, "ID01", "LC04", note=NOTE, locale=locale).address)
    return holder, visitor


def decide(visitor: Visitor, act: str, **ticks: str) -> Response:
    return visitor.submit(holding="shown", act=act, **ticks)


def led(answer: Response) -> dict[str, str]:
    """Return what the browser takes back to the department."""
    location = answer.headers["location"]
    assert location.startswith(REDIRECT + "?")
    return dict(parse_qsl(urlsplit(location).query))


def titles(visitor: Visitor) -> list[str]:
    """Return the sentences of the ledger, the newest first."""
    text = visitor.http.get("/space/accesses").text
    return [part.split("</span>")[0] for part in text.split('<p class="row-title"><span>')[1:]]


def test_the_page_says_everything_that_the_law_asks_for(world: PortalWorld) -> None:
    holder, visitor = opened(world)

    text = visitor.page.text

    for said in (
        "示范区市场监督管理局（模拟）想调取您的材料",
        "系统：示范区市场监督管理局（模拟）业务系统",
        "办什么事 食品经营许可（小微餐饮）",
        "用来做什么 申请行政许可",
        f"部门的说明（原话） {NOTE}",
        "每种材料最多调取 2 次 部门最多保存 30 天，之后必须删除",
        "1. 居民身份证 有效",
        "想要的内容： 姓名、公民身份号码、有效期止",
        "2. 不动产权证书 您没有这份材料",
        "必需；不授权：须用其他方式提供后才能办理 改用别的方式：到窗口出示身份证原件",
        "法律依据 《中华人民共和国食品安全法》第35条",
        "不同意会怎样 您可以拒绝，也可以只同意一部分。",
        "怎样收回 您可以随时在“我的空间”的授权列表中撤回。",
        "您的权利 您有权查阅、复制、更正、删除个人信息",
        "找谁问 示范区市场监督管理局（模拟）办事窗口",
        "个人信息保护负责人：示范区市场监督管理局（模拟）个人信息保护负责人",
    ):
        assert said in text
    assert holder.number not in text


def test_an_english_reader_decides_on_english(world: PortalWorld) -> None:
    holder, visitor = opened(world, locale="en")

    assert "Demo District Market Regulation (simulated) wants to see" in visitor.page.text
    assert "Food business licence (small restaurant)" in visitor.page.text
    decide(visitor, "give", **FULL_AND_MASKED)

    [consent] = world.consents(holder)
    assert consent.shown_locale == "en"


def test_nothing_is_chosen_for_the_holder(world: PortalWorld) -> None:
    _, visitor = opened(world)
    form = visitor.page.form(holding="shown")

    assert {name for name, _ in form.filled({})} == {"csrf", "shown", "locale"}
    assert form.options("give-ID01") == ("verify", "summary", "full", "none")
    assert form.options("give-LC04") == ("verify", "summary", "none")
    assert form.options("without-ID01") == ("name", "id_number", "valid_to")
    assert form.options("act") == ("preview", "give", "refuse")


def test_the_decision_may_lead_to_the_department_and_nowhere_else(world: PortalWorld) -> None:
    _, visitor = opened(world)

    policy = visitor.get(visitor.path).headers["content-security-policy"]

    assert "form-action 'self' http://127.0.0.1:8799;" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_consent_is_what_was_ticked_and_leads_back_with_a_code(world: PortalWorld) -> None:
    holder, visitor = opened(world)

    answer = decide(visitor, "give", **FULL_AND_MASKED)

    assert answer.status_code == 303
    assert led(answer).keys() == {"code", "state", "iss"}
    [consent] = world.consents(holder)
    assert consent.details.evidence == {
        "ID01": EvidenceGrant(
            code="ID01", view=View.FULL, fields=frozenset({"name", "id_number", "valid_to"})
        ),
        "LC04": EvidenceGrant(
            code="LC04", view=View.SUMMARY, fields=frozenset({"location", "usage", "area"})
        ),
    }
    assert titles(visitor)[0] == "您同意示范区市场监督管理局（模拟）调取居民身份证、不动产权证书"


def test_less_can_be_given_than_was_asked_for(world: PortalWorld) -> None:
    holder, visitor = opened(world)

    decide(
        visitor,
        "give",
        **{"give-ID01": "summary", "without-ID01": "id_number", "give-LC04": "none"},
    )

    [consent] = world.consents(holder)
    assert consent.details.evidence == {
        "ID01": EvidenceGrant(
            code="ID01", view=View.SUMMARY, fields=frozenset({"name", "valid_to"})
        )
    }


def test_a_verification_gives_no_field_whatever_is_ticked_beside_it(world: PortalWorld) -> None:
    holder, visitor = opened(world)

    decide(
        visitor,
        "give",
        **{"give-ID01": "verify", "without-ID01": "name", "give-LC04": "none"},
    )

    [consent] = world.consents(holder)
    assert consent.details.evidence == {
        "ID01": EvidenceGrant(code="ID01", view=View.VERIFY, fields=frozenset())
    }


@pytest.mark.parametrize(
    ("ticks", "told"),
    [
        ({}, "这一项还没有选：给，还是不给？"),
        ({"give-ID01": "full"}, "这一项还没有选：给，还是不给？"),
        ({"give-ID01": "all", "give-LC04": "none"}, "这一项还没有选：给，还是不给？"),
        ({"give-ID01": "full", "give-LC04": "full"}, "这一项还没有选：给，还是不给？"),
        ({"give-ID01": "none", "give-LC04": "none"}, "您每一项都选了“不给”。"),
    ],
    ids=str,
)
def test_what_is_still_open_is_marked_and_nothing_is_given(
    world: PortalWorld, ticks: dict[str, str], told: str
) -> None:
    holder, visitor = opened(world)

    answer = decide(visitor, "give", **ticks)

    assert answer.status_code == 422
    assert told in visitor.page.text
    kept = dict(visitor.page.form(holding="shown").filled({}))
    offered = {"give-ID01": "full none", "give-LC04": "none"}
    assert {name: kept[name] for name in offered if name in kept} == {
        name: value for name, value in ticks.items() if value in offered[name].split()
    }
    assert world.consents(holder) == ()


def test_giving_something_without_anything_in_it_is_no_answer(world: PortalWorld) -> None:
    holder, visitor = opened(world)
    form = visitor.page.form(holding="shown")
    without = [("without-ID01", name) for name in form.options("without-ID01")]
    sent = form.filled({"give-ID01": "full", "give-LC04": "none", "act": "give"})

    answer = visitor.send(form.action, [*sent, *without])

    assert answer.status_code == 422
    assert "内容全去掉了。" in answer.text
    assert world.consents(holder) == ()


def test_a_preview_shows_exactly_what_would_leave_and_is_an_own_read(world: PortalWorld) -> None:
    holder, visitor = opened(world)

    answer = decide(
        visitor,
        "preview",
        **{"give-ID01": "summary", "without-ID01": "valid_to", "give-LC04": "none"},
    )

    text = visitor.page.text
    masked = f"{holder.number[0]}{'*' * 16}{holder.number[-1]}"
    assert answer.status_code == 200
    assert f"会发出的内容（遮盖后的内容） 姓名 王** 公民身份号码 {masked}" in text
    assert "什么都不会发出 您选了不给这一项。" in text
    assert holder.number not in text
    kept = dict(visitor.page.form(holding="shown").filled({}))
    assert (kept["give-ID01"], kept["without-ID01"]) == ("summary", "valid_to")
    assert titles(visitor)[0] == "您打开了自己的居民身份证"
    assert world.consents(holder) == ()


def test_a_preview_of_everything_shows_it_in_full(world: PortalWorld) -> None:
    holder, visitor = opened(world)

    decide(visitor, "preview")

    text = visitor.page.text
    assert f"姓名 {holder.name} 公民身份号码 {holder.number} 有效期止 2040年5月18日" in text
    assert "会发出的内容（完整内容）" in text
    assert "会发出的内容（遮盖后的内容） 部门只会得知：您没有这份材料。" in text


def test_a_preview_of_a_verification_opens_nothing(world: PortalWorld) -> None:
    _, visitor = opened(world)

    decide(visitor, "preview", **{"give-ID01": "verify"})

    assert "有没有 有 状态 有效 提供部门 示范区公安分局（模拟） 最近更新" in visitor.page.text
    assert titles(visitor)[0] != "您打开了自己的居民身份证"


def test_declining_is_told_and_recorded_and_gives_nothing(world: PortalWorld) -> None:
    holder, visitor = opened(world)

    answer = decide(visitor, "refuse", **FULL_AND_MASKED)

    assert led(answer)["error"] == "access_denied"
    assert world.consents(holder) == ()
    assert (
        titles(visitor)[0] == "您没有同意示范区市场监督管理局（模拟）调取居民身份证、不动产权证书"
    )


@pytest.mark.parametrize(
    ("locale", "title", "told"),
    [
        ("zh-CN", "您已经两次没有同意", "我们没有显示这份请求，也没有给出任何材料"),
        ("en", "You have declined twice", "the request was not shown"),
    ],
)
def test_whoever_declined_twice_is_left_alone_and_told_why(
    world: PortalWorld, locale: str, title: str, told: str
) -> None:
    holder = world.settled()
    visitor = world.member(holder, locale=locale)
    answer = visitor.open(world.ask(holder, "ID01", "LC04", locale=locale).address)
    for _ in range(3):  # Three if midnight is in between.
        decide(visitor, "refuse", **FULL_AND_MASKED)
        answer = visitor.open(world.ask(holder, "ID01", "LC04", locale=locale).address)
        if answer.status_code != 200:
            break

    assert answer.status_code == 429
    assert 86_400 < int(answer.headers["retry-after"]) <= 2 * 86_400
    assert title in answer.text
    assert told in answer.text
    assert "小时后再试" in answer.text or "hours" in answer.text


@pytest.mark.parametrize(
    ("locale", "title"),
    [("zh-CN", "这个部门问得太频繁了"), ("en", "This department asks too often")],
)
def test_a_department_that_asks_too_often_is_not_shown(
    world: PortalWorld, locale: str, title: str
) -> None:
    holder = world.settled()
    visitor = world.member(holder, locale=locale)
    answers = []
    for _ in range(10):  # Six, or more if the hour ends in between.
        answers.append(visitor.open(world.ask(holder, "ID01", "LC04", locale=locale).address))
        if answers[-1].status_code != 200:
            break
    answer = answers[-1]

    assert len(answers) > 5
    assert answer.status_code == 429
    assert title in answer.text
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("second", ["give", "refuse", "preview"])
def test_a_decision_is_made_once(world: PortalWorld, second: str) -> None:
    holder, visitor = opened(world)
    page, path = visitor.page, visitor.path
    decide(visitor, "give", **FULL_AND_MASKED)
    visitor.page, visitor.path = page, path

    answer = decide(visitor, second, **FULL_AND_MASKED)

    assert answer.status_code == 404
    assert "没有这份请求" in answer.text
    assert len(world.consents(holder)) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"shown": "ab" * 32}, 409),
        ({"shown": "AB" * 32}, 422),
        ({"shown": ""}, 422),
        ({"locale": "en"}, 409),
        ({"locale": "fr"}, 409),
        ({"act": "sign"}, 422),
        ({"act": ""}, 422),
        ({"more": "1"}, 422),
    ],
    ids=str,
)
def test_a_form_that_says_something_else_than_was_shown_decides_nothing(
    world: PortalWorld, change: dict[str, str], status: int
) -> None:
    holder, visitor = opened(world)
    form = visitor.page.form(holding="shown")
    sent = dict(form.filled({**FULL_AND_MASKED, "act": "give"})) | change

    answer = visitor.send(form.action, sent)

    assert answer.status_code == status
    assert world.consents(holder) == ()


def test_what_changes_while_it_is_read_is_shown_again(world: PortalWorld) -> None:
    holder, visitor = opened(world)
    [record_id] = world.records(holder)
    world.change_status(record_id, RecordStatus.SUSPENDED, issuer=POLICE)

    answer = decide(visitor, "give", **FULL_AND_MASKED)

    assert answer.status_code == 409
    assert f'href="{visitor.path}"' in answer.text
    assert world.consents(holder) == ()
    visitor.get(visitor.path)
    assert "1. 居民身份证 暂扣" in visitor.page.text


def test_another_person_sees_no_request_but_how_to_go_on(world: PortalWorld) -> None:
    holder = world.settled()
    address = world.ask(holder, "ID01").address
    stranger = world.member(world.settled())

    answer = stranger.open(address)

    assert answer.status_code == 404
    assert "没有这份请求" in answer.text
    assert "示范区市场监督管理局" not in answer.text


def test_another_browser_of_the_same_person_sees_no_request(world: PortalWorld) -> None:
    holder, visitor = opened(world)
    elsewhere = world.member(holder)

    answer = elsewhere.get(visitor.path)

    assert answer.status_code == 404


def test_a_sign_in_leads_to_the_request_it_was_asked_for(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.visitor()
    visitor.open(world.ask(holder, "ID01").address)
    assert "有部门请您授权。" in visitor.page.text

    answer = visitor.sign_in(holder)
    visitor.open(answer.headers["location"])

    assert "想调取您的材料" in visitor.page.text


def test_a_sign_in_that_grew_old_over_the_page_is_renewed_and_the_page_stays(
    world: PortalWorld,
) -> None:
    holder, visitor = opened(world)
    path = visitor.path
    world.clock.ahead = 5 * MINUTES + 1
    asked = decide(visitor, "give", **FULL_AND_MASKED)
    visitor.open(asked.headers["location"])
    assert "这一步需要重新登录" in visitor.page.text

    back = visitor.sign_in(holder)
    visitor.open(back.headers["location"])
    answer = decide(visitor, "give", **FULL_AND_MASKED)

    assert back.headers["location"] == path
    assert "code" in led(answer)


def test_a_request_that_nobody_decided_in_time_is_gone(world: PortalWorld) -> None:
    holder, visitor = opened(world)
    path = visitor.path
    world.clock.ahead = 8 * MINUTES + 1
    visitor.open("/space/sign-in")
    visitor.sign_in(holder)

    answer = visitor.get(path)

    assert answer.status_code == 404
    assert world.consents(holder) == ()
