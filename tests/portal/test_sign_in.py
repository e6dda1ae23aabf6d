"""Signing in with a number and a code, and signing out."""

import pytest

from scripts.demo_people import Somebody, people
from tests.support.portal_world import PortalWorld, Visitor
from vault.services.outbox import delivered, waiting

SIGN_IN = "/space/sign-in"
CODE = "/space/sign-in/code"
HALF_AN_HOUR = 1800


def asked_for_code(world: PortalWorld, holder: Somebody) -> Visitor:
    """Return a browser that stands on the page for the code."""
    visitor = world.visitor()
    visitor.get(SIGN_IN)
    visitor.submit(holding="number", kind=holder.kind.value, number=holder.number)
    visitor.get(CODE)
    return visitor


def ask_for_code(visitor: Visitor, holder: Somebody) -> int:
    visitor.get(SIGN_IN)
    return visitor.submit(
        holding="number", kind=holder.kind.value, number=holder.number
    ).status_code


def wide(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) for one in text)


def other(code: str) -> str:
    """Return a code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_number_and_its_code_lead_into_the_space(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.visitor()

    answer = visitor.sign_in(holder)
    visitor.open(answer.headers["location"])

    assert (answer.status_code, visitor.path) == (303, "/space")
    assert f"您好，{holder.name}" in visitor.page.text


def test_a_number_may_be_typed_with_blanks_hyphens_and_in_full_width(world: PortalWorld) -> None:
    holder = world.settled()
    typed = wide(holder.number)
    visitor = world.visitor()
    visitor.get(SIGN_IN)

    answer = visitor.submit(
        holding="number", kind="resident_id_18", number=f" {typed[:6]} {typed[6:14]}-{typed[14:]}"
    )

    assert answer.headers["location"] == CODE
    assert world.code()


def test_a_code_may_be_typed_in_full_width_with_a_blank(world: PortalWorld) -> None:
    visitor = asked_for_code(world, world.settled())
    code = wide(world.code())

    answer = visitor.submit(holding="code", code=f"{code[:3]} {code[3:]}")

    assert answer.headers["location"] == "/space"


def test_an_organisation_signs_in_with_its_credit_code(world: PortalWorld) -> None:
    enterprise = people()["enterprise"]
    world.deposit_all(enterprise)

    visitor = world.member(enterprise)
    visitor.open("/space")

    assert enterprise.name in visitor.page.text


@pytest.mark.parametrize(
    ("kind", "number", "zh", "en"),
    [
        (
            "resident_id_18",
            "1101051900010200",
            "是 18 位，您填了 16 位",
            "18 characters; you typed",
        ),
        ("resident_id_18", "11010519000102003O", "把 0 写成 O", "an O in place of 0"),
        ("resident_id_18", "110105190001020032", "有一位抄错了", "one character is wrong"),
        ("resident_id_18", "110105190002300015", "这一天并不存在", "there is no such day"),
        ("resident_id_18", "110105299001010016", "这一天还没到", "that day has not come yet"),
        ("resident_id_18", "990105190001020031", "地区代码不存在", "no region with that code"),
        ("resident_id_18", "110105190001020007", "不会是 000", "never 000"),
        ("hkmt_residence_permit", "110105190001020031", "开头的几位", "beginning does not fit"),
        ("foreign_permanent_resident_2023", "911ZZZ190001010019", "不该有", "does not belong"),
        ("uscc", "Z1110105PDY900018N", "不该有的字符", "does not belong"),
        ("uscc", "01110105PDY900018N", "登记管理部门代码", "No registering department"),
        ("uscc", "99110105PDY900018N", "机构类别", "does not fit character 1"),
        ("organisation_code", "000000000", "不会全是零", "never all zeros"),
        ("resident_id_15_legacy", "110105000102996", "哪个世纪", "the century of birth"),
        ("resident_id_15_legacy", "11010500010203", "是 15 位，您填了 14 位", "15 characters"),
        ("passport_cn", "E0000000", "是 9 位，您填了 8 位", "has 9 characters"),
        ("passport_cn", "X00000000", "。", "."),
        ("mobile_cn", "13900000000", "请先选好是哪种号码", "which kind of number"),
        ("card", "1", "请先选好是哪种号码", "which kind of number"),
        ("", "1", "请先选好是哪种号码", "which kind of number"),
    ],
)
def test_a_number_that_cannot_be_says_what_to_mend(
    world: PortalWorld, kind: str, number: str, zh: str, en: str
) -> None:
    for locale, sentence in (("zh-CN", zh), ("en", en)):
        visitor = world.visitor(locale=locale)
        visitor.get(SIGN_IN)
        form = dict(visitor.page.form(holding="number").filled({})) | {
            "kind": "other",
            "other_kind": kind,
            "number": number,
        }

        answer = visitor.send(SIGN_IN, form)

        assert answer.status_code == 422
        trouble = answer.text.split('id="number-trouble"')[1].split("</p>")[0]
        assert sentence in trouble
        assert number not in trouble or number == "1"
        assert f'value="{number}"' in answer.text
    assert not waiting(world.vault, limit=1)


def test_the_kind_that_was_chosen_stays_chosen(world: PortalWorld) -> None:
    visitor = world.visitor()
    visitor.get(SIGN_IN)

    visitor.submit(holding="number", kind="uscc", number="1")
    first = dict(visitor.page.form(holding="number").filled({}))
    visitor.submit(holding="number", kind="other", other_kind="passport_cn", number="1")
    second = dict(visitor.page.form(holding="number").filled({}))

    assert first["kind"] == "uscc"
    assert (second["kind"], second["other_kind"]) == ("other", "passport_cn")


def test_a_number_without_a_space_takes_the_same_steps(world: PortalWorld) -> None:
    answers = []
    for holder in (world.settled(), world.person()):
        visitor = world.visitor()
        visitor.get(SIGN_IN)
        sent = visitor.submit(holding="number", kind=holder.kind.value, number=holder.number)
        shown = visitor.get(CODE)
        answers.append(
            (
                sent.status_code,
                sent.headers["location"],
                len(visitor.cookie("vault-attempt")),
                shown.text.replace(visitor.cookie("vault-form"), ""),
            )
        )

    assert answers[0] == answers[1]
    assert world.code()


def test_a_wrong_code_can_be_mended(world: PortalWorld) -> None:
    visitor = asked_for_code(world, world.settled())
    code = world.code()

    wrong = visitor.submit(holding="code", code=other(code))
    right = visitor.submit(holding="code", code=code)

    assert wrong.status_code == 422
    assert "验证码不对，或者已经过期。" in wrong.text
    assert right.headers["location"] == "/space"


def test_after_five_wrong_codes_the_right_one_is_too_late(world: PortalWorld) -> None:
    visitor = asked_for_code(world, world.settled())
    code = world.code()
    for _ in range(5):
        visitor.submit(holding="code", code=other(code))
    world.clock.ahead += 60  # No limit stands in the way any more.

    answer = visitor.submit(holding="code", code=code)

    assert answer.status_code == 422
    assert visitor.cookie("vault-signin") == ""


def test_a_code_is_good_for_five_minutes_and_once(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = asked_for_code(world, holder)
    code = world.code()
    world.clock.ahead = 301
    late = visitor.submit(holding="code", code=code)
    world.clock.ahead = 0
    attempt = visitor.cookie("vault-attempt")
    visitor.submit(holding="code", code=code)

    thief = world.visitor()
    thief.get(SIGN_IN)
    thief.http.cookies["vault-attempt"] = attempt
    thief.get(CODE)
    again = thief.submit(holding="code", code=code)

    assert late.status_code == again.status_code == 422


def test_the_page_for_the_code_needs_an_attempt(world: PortalWorld) -> None:
    answer = world.visitor().get(CODE)

    assert (answer.status_code, answer.headers["location"]) == (303, SIGN_IN)


def test_too_many_attempts_say_when_to_come_back(world: PortalWorld) -> None:
    world.clock.ahead = 60 - world.now() % 60  # Tries are counted by the minute.
    holder = world.person()
    visitor = world.visitor()
    answers = []
    for _ in range(6):
        visitor.get(SIGN_IN)
        answers.append(
            visitor.submit(holding="number", kind=holder.kind.value, number=holder.number)
        )

    assert [one.status_code for one in answers] == [303, 303, 303, 303, 303, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert "请在 1 分钟后再试。" in answers[-1].text


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("zh-CN", "以前登录过您空间的浏览器不受影响"),
        ("en", "a browser in which you have signed in before is not affected"),
    ],
)
def test_too_many_wrong_codes_say_when_to_come_back_and_what_to_do(
    world: PortalWorld, locale: str, told: str
) -> None:
    world.clock.ahead = 60 - world.now() % 60
    holder = world.settled()
    visitor = world.visitor(locale=locale)
    visitor.get(SIGN_IN)
    visitor.submit(holding="number", kind=holder.kind.value, number=holder.number)
    visitor.get(CODE)
    code = world.code()

    answers = []
    for _ in range(6):
        visitor.get(CODE)
        answers.append(visitor.submit(holding="code", code=other(code)))

    assert [one.status_code for one in answers] == [422, 422, 422, 422, 422, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert told in answers[-1].text


def test_a_browser_that_signed_in_before_stays_known_after_it_signs_out(
    world: PortalWorld,
) -> None:
    world.clock.ahead = HALF_AN_HOUR * 2 - world.now() % (HALF_AN_HOUR * 2)
    holder = world.settled()
    visitor = world.member(holder)
    visitor.open("/space")
    visitor.submit(holding="csrf", then="/sign-out")
    kept_out = [ask_for_code(world.visitor(), holder) for _ in range(10)]
    with world.vault.read() as tx:
        messages = [one.message_id for one in tx.protocol.messages(limit=99)]
    delivered(world.vault, *messages)

    visitor.open(SIGN_IN)
    answer = visitor.sign_in(holder)

    assert kept_out == [303] * 9 + [429]
    assert answer.headers["location"] == "/space"
    [line] = [one for one in answer.headers.get_list("set-cookie") if "vault-known" in one]
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=15552000"} <= set(line.split("; "))


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("zh-CN", "有人用错误的验证码试着登录您的空间 3 次，没有成功"),
        ("en", "tried 3 times to sign in to your space with wrong codes, in vain"),
    ],
)
def test_the_first_page_tells_of_wrong_codes_that_are_more_than_a_slip(
    world: PortalWorld, locale: str, told: str
) -> None:
    holder = world.settled()
    visitor = world.visitor(locale=locale)
    shown = []
    for slips in (2, 1):
        visitor.open(SIGN_IN)
        visitor.submit(holding="number", kind=holder.kind.value, number=holder.number)
        visitor.open(CODE)
        code = world.code()
        for _ in range(slips):
            visitor.submit(holding="code", code=other(code))
        visitor.submit(holding="code", code=code)
        shown.append(told in visitor.open("/space").text)

    assert shown == [False, True]


def test_whoever_was_on_the_way_somewhere_comes_back_to_it(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.visitor()
    turned_away = visitor.get("/space/accesses")

    visitor.open("/space/accesses")
    answer = visitor.sign_in(holder)

    assert turned_away.headers["location"] == "/space/sign-in?onward=%2Fspace%2Faccesses"
    assert answer.headers["location"] == "/space/accesses"


@pytest.mark.parametrize(
    "onward",
    [
        "https://example.org/",
        "//example.org",
        "/space//example.org",
        "/oauth/token",
        "/space/../x",
    ],
)
def test_nobody_is_led_away(world: PortalWorld, onward: str) -> None:
    visitor = world.visitor()
    visitor.http.get(SIGN_IN, params={"onward": onward})
    visitor.get(SIGN_IN)
    form = dict(visitor.page.form(holding="number").filled({}))
    holder = world.settled()
    form |= {"kind": holder.kind.value, "number": holder.number, "onward": onward}
    sent = visitor.send(SIGN_IN, form)
    visitor.get(CODE)
    code = dict(visitor.page.form(holding="code").filled({}))

    answer = visitor.send(CODE, code | {"code": world.code(), "onward": onward})

    assert sent.headers["location"] == CODE
    assert answer.headers["location"] == "/space"


def test_a_sign_in_begins_with_new_secrets_whatever_was_brought_along(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.member(holder)
    before = visitor.cookie("vault-signin"), visitor.cookie("vault-form")

    visitor.open(SIGN_IN)
    visitor.sign_in(holder)

    after = visitor.cookie("vault-signin"), visitor.cookie("vault-form")
    assert not set(before) & set(after)
    old = world.visitor()
    old.http.cookies["vault-signin"] = before[0]
    assert old.get("/space").status_code == 303


def test_a_planted_cookie_is_not_taken_over(world: PortalWorld) -> None:
    planted = world.vault.secrets.mint("vsi_")
    visitor = world.visitor()
    visitor.http.cookies["vault-signin"] = planted
    visitor.sign_in(world.settled())

    thief = world.visitor()
    thief.http.cookies["vault-signin"] = planted

    assert thief.get("/space").status_code == 303


def test_signing_out_ends_the_sign_in_and_empties_the_cache(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    visitor.open("/space")
    kept = visitor.cookie("vault-signin")

    answer = visitor.submit(holding="csrf", then="/sign-out")

    assert answer.headers["location"] == SIGN_IN
    assert answer.headers["clear-site-data"] == '"cache"'
    assert visitor.cookie("vault-signin") == ""
    visitor.http.cookies["vault-signin"] = kept
    assert visitor.get("/space").headers["location"] == SIGN_IN


def test_a_sign_in_that_nobody_uses_ends_by_itself(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    world.clock.ahead = HALF_AN_HOUR - 60
    in_time = visitor.get("/space")
    world.clock.ahead = 2 * HALF_AN_HOUR

    late = visitor.get("/space")

    assert (in_time.status_code, late.status_code) == (200, 303)


def test_cookies_are_for_this_host_and_for_no_script(world: PortalWorld) -> None:
    visitor = world.visitor()
    visitor.get(SIGN_IN)
    holder = world.settled()
    sent = visitor.submit(holding="number", kind=holder.kind.value, number=holder.number)
    visitor.get(CODE)
    answer = visitor.submit(holding="code", code=world.code())

    for line in [*sent.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]:
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(line.split("; "))
        assert "Domain" not in line
