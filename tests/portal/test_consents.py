"""Consents that were given: listed, narrowed and revoked, each at once."""

from dataclasses import dataclass

import pytest
from httpx2 import Response

from policies.scopes import View
from scripts.demo_people import Somebody
from tests.support.portal_world import DAY, PortalWorld, Visitor
from vault.consents import Consent, ConsentStatus


@dataclass(frozen=True)
class Given:
    """A holder who has given a consent, and the browser it was given in."""

    holder: Somebody
    visitor: Visitor
    consent: Consent

    @property
    def path(self) -> str:
        return f"/space/consents/{self.consent.grant_id.hex()}"

    def narrow(self, keep: list[str], **without: list[str]) -> Response:
        """Send the form with these ticks and no others."""
        self.visitor.open(f"{self.path}/narrow")
        token = self.visitor.page.form(holding="csrf")
        sent = [("csrf", dict(token.filled({}))["csrf"]), *(("keep", code) for code in keep)]
        for code, names in without.items():
            sent += [(f"without-{code}", name) for name in names]
        return self.visitor.send(f"{self.path}/narrow", sent)


def given(world: PortalWorld) -> Given:
    """Let a new holder consent to a full identity card and a masked certificate."""
    holder = world.settled()
    visitor = world.member(holder)
    visitor.open(world.ask(holder, "ID01", "LC04").address)
    visitor.submit(
        holding="give-ID01", **{"give-ID01": "full", "give-LC04": "summary", "act": "give"}
    )
    [consent] = world.consents(holder)
    return Given(holder, visitor, consent)


def now(world: PortalWorld, one: Given) -> Consent:
    [consent] = world.consents(one.holder)
    return consent


def last_entry(one: Given) -> str:
    one.visitor.open("/space/accesses")
    return one.visitor.page.text.split("最新的在最上面。")[1].split("详情")[0]


def test_a_consent_says_who_may_look_at_what_until_when(world: PortalWorld) -> None:
    one = given(world)

    one.visitor.open("/space/consents")

    text = one.visitor.page.text
    assert "正在生效 示范区市场监督管理局（模拟） 生效中 办什么事 食品经营许可（小微餐饮）" in text
    assert f"申请行政许可 · 办件号后 7 位：{one.consent.case_no[-7:]}" in text
    assert "居民身份证 · 完整内容 姓名、公民身份号码、有效期止 还没有调取过，最多 2 次" in text
    assert "不动产权证书 · 遮盖后的内容 坐落、用途、面积 还没有调取过，最多 2 次" in text
    assert "已经结束" not in text


def test_a_consent_says_how_often_it_was_used(world: PortalWorld) -> None:
    one = given(world)
    world.pull(one.consent, "ID01", View.FULL)

    one.visitor.open("/space/consents")

    assert "已调取 1 次，最多 2 次" in one.visitor.page.text


def test_a_revoked_consent_releases_nothing_and_is_listed_as_ended(world: PortalWorld) -> None:
    one = given(world)
    one.visitor.open("/space/consents")
    one.visitor.open(one.visitor.page.link(ending="/revoke"))

    answer = one.visitor.submit(holding="csrf", then="/revoke")
    one.visitor.open(answer.headers["location"])

    assert answer.status_code == 303
    assert now(world, one).status is ConsentStatus.REVOKED
    text = one.visitor.page.text
    assert "授权已收回。从现在起，这个部门不能再凭它调取您的材料。" in text
    assert "现在没有生效的授权" in text
    assert "已经结束 示范区市场监督管理局（模拟） · 食品经营许可（小微餐饮） · 已收回" in text
    world.pull(one.consent, "ID01", View.FULL)
    assert "想看您的居民身份证 已拒绝" in last_entry(one)


def test_a_consent_is_paused_with_one_tap_and_goes_on_after_a_question(
    world: PortalWorld,
) -> None:
    one = given(world)
    one.visitor.open("/space/consents")

    rested = one.visitor.submit(holding="csrf", then="/pause")
    one.visitor.open(rested.headers["location"])
    text, paused = one.visitor.page.text, now(world, one).status
    one.visitor.open(one.visitor.page.link(ending="/resume"))
    asked = one.visitor.page.text
    resumed = one.visitor.submit(holding="csrf", then="/resume")
    one.visitor.open(resumed.headers["location"])

    assert paused is ConsentStatus.PAUSED
    assert "授权已暂停。恢复之前，这个部门不能凭它调取任何材料。" in text
    assert "已暂停" in text
    assert "恢复给示范区市场监督管理局（模拟）的授权？" in asked
    assert "授权已恢复，和您当初同意的一样。" in one.visitor.page.text
    assert now(world, one).status is ConsentStatus.ACTIVE
    assert last_entry(one).strip().startswith("您恢复了给示范区市场监督管理局（模拟）的授权")


def test_who_signed_in_a_while_ago_signs_in_again_before_a_consent_goes_on(
    world: PortalWorld,
) -> None:
    one = given(world)
    one.visitor.open("/space/consents")
    one.visitor.submit(holding="csrf", then="/pause")
    world.clock.ahead = 400

    answer = one.visitor.get(f"{one.path}/resume")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/space/sign-in?onward=")
    assert now(world, one).status is ConsentStatus.PAUSED


def test_asking_before_revoking_changes_nothing(world: PortalWorld) -> None:
    one = given(world)

    one.visitor.open(f"{one.path}/revoke")

    assert "收回给示范区市场监督管理局（模拟）的授权？" in one.visitor.page.text
    assert now(world, one) == one.consent


def test_an_evidence_type_that_was_taken_out_cannot_be_pulled(world: PortalWorld) -> None:
    one = given(world)

    answer = one.narrow(["LC04"])

    assert answer.headers["location"] == "/space/consents?done=narrowed"
    left = now(world, one)
    assert left.details == one.consent.details.keep(frozenset({"LC04"}))
    world.pull(left, "ID01", View.FULL)
    assert "持有人没有授权这种材料。" in last_entry(one)
    one.visitor.open(answer.headers["location"])
    assert "授权已缩小。" in one.visitor.page.text


def test_a_field_that_was_taken_out_is_not_released(world: PortalWorld) -> None:
    one = given(world)

    one.narrow(["ID01", "LC04"], ID01=["id_number"])

    left = now(world, one)
    assert left.details.evidence["ID01"].fields == {"name", "valid_to"}
    assert left.details.evidence["LC04"] == one.consent.details.evidence["LC04"]
    world.pull(left, "ID01", View.FULL)
    seen = last_entry(one)
    assert "居民身份证 · 完整内容 姓名、有效期止" in seen


@pytest.mark.parametrize(
    ("keep", "without", "told"),
    [
        ([], {}, "一项都不留，就是收回授权。"),
        (["SR05"], {}, "一项都不留，就是收回授权。"),
        (["ID01", "LC04"], {}, "还没有改动。"),
        (["ID01", "LC04"], {"ID01": ["sex"]}, "还没有改动。"),
        (
            ["ID01"],
            {"ID01": ["name", "id_number", "valid_to"]},
            "居民身份证的内容全去掉了。",
        ),
    ],
    ids=str,
)
def test_what_is_no_narrowing_is_said_and_nothing_changes(
    world: PortalWorld, keep: list[str], without: dict[str, list[str]], told: str
) -> None:
    one = given(world)

    answer = one.narrow(keep, **without)

    assert answer.status_code == 422
    assert told in answer.text
    assert now(world, one) == one.consent


def test_a_consent_that_has_ended_is_ended_for_every_form(world: PortalWorld) -> None:
    one = given(world)
    world.clock.ahead = 31 * DAY
    one.visitor.sign_in(one.holder)

    answers = [
        one.visitor.get(f"{one.path}/revoke"),
        one.visitor.get(f"{one.path}/narrow"),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "内容刚刚有变化" in answers[0].text
    one.visitor.open("/space/consents")
    assert "已到期" in one.visitor.page.text


def test_a_consent_is_revoked_once(world: PortalWorld) -> None:
    one = given(world)
    one.visitor.open(f"{one.path}/revoke")
    form = next(form for form in one.visitor.page.forms if form.action.endswith("/revoke"))
    first = one.visitor.send(form.action, form.filled({}))

    second = one.visitor.send(form.action, form.filled({}))

    assert (first.status_code, second.status_code) == (303, 409)


@pytest.mark.parametrize("verb", ["revoke", "narrow", "resume"])
def test_a_consent_of_somebody_else_is_as_if_there_was_none(world: PortalWorld, verb: str) -> None:
    one = given(world)
    stranger = world.member(world.settled())

    asked = stranger.get(f"{one.path}/{verb}")
    sent = stranger.send(
        f"{one.path}/{verb}", {"csrf": stranger.cookie("vault-form"), **_ticks(verb)}
    )

    assert (asked.status_code, sent.status_code) == (404, 404)
    assert now(world, one) == one.consent


def _ticks(verb: str) -> dict[str, str]:
    return {"keep": "ID01"} if verb == "narrow" else {}
