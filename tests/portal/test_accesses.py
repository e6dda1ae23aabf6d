"""Who looked: every entry of the holder's journal in plain words, with a receipt that verifies."""

import re

import pytest

from policies.scopes import View
from scripts.demo_people import Somebody
from scripts.demo_proofs import bundle_proves
from tests.support.portal_world import MARKET, PortalWorld, Visitor, identity_card
from vault.journal.entries import Kind
from vault.journal.trust import Policy
from vault.services.log_keys import verifier_keys

ANY = "0" * 32


def trust(world: PortalWorld) -> Policy:
    keys = "".join(f"log {key}\n" for key in verifier_keys(world.vault, world.vault.logs[0]))
    return Policy.parse(f"{keys}quorum none\n")


def pulled(world: PortalWorld) -> tuple[Somebody, Visitor]:
    """Let a holder consent to an identity card, and a department look at it and at more."""
    holder = world.settled()
    visitor = world.member(holder)
    visitor.open(world.ask(holder, "ID01").address)
    visitor.submit(holding="give-ID01", **{"give-ID01": "full", "act": "give"})
    [consent] = world.consents(holder)
    world.list(consent)
    world.pull(consent, "ID01", View.VERIFY)
    world.pull(consent, "ID01", View.FULL)
    world.pull(consent, "LC01", View.FULL)
    return holder, visitor


def titles(visitor: Visitor, path: str = "/space/accesses") -> list[str]:
    """Return the sentences of a page, the newest first."""
    text = visitor.http.get(path).text
    return [part.split("</span>")[0] for part in text.split('<p class="row-title"><span>')[1:]]


def test_every_entry_has_its_sentence_the_newest_first(world: PortalWorld) -> None:
    _, visitor = pulled(world)

    found = titles(visitor)

    assert found == [
        "示范区市场监督管理局（模拟）想看您的营业执照",
        "示范区市场监督管理局（模拟）查看了您的居民身份证",
        "示范区市场监督管理局（模拟）核对了您的居民身份证",
        "示范区市场监督管理局（模拟）查了授权里有哪些材料，没有看内容",
        "您同意示范区市场监督管理局（模拟）调取居民身份证",
        "示范区市场监督管理局（模拟）受理了您要办的事",
        "示范区公安分局（模拟）存入了居民身份证",
        "您的空间开通了，由示范区公安分局（模拟）首次登记",
    ]


def test_an_english_reader_finds_the_same_in_english(world: PortalWorld) -> None:
    holder, _ = pulled(world)
    visitor = world.member(holder, locale="en")

    found = titles(visitor)

    assert (
        found[0] == "Demo District Market Regulation (simulated) wanted to see: Business licence"
    )
    assert not re.search("[一-鿿]", "".join(found))


def test_a_line_says_what_was_seen_and_on_which_basis(world: PortalWorld) -> None:
    _, visitor = pulled(world)
    visitor.open("/space/accesses")

    text = visitor.page.text

    assert re.search(
        "居民身份证 · 完整内容 姓名、公民身份号码、有效期止 用途：部门应在[0-9年月]+日前说明"
        " 凭您的授权 · 食品经营许可（小微餐饮）",
        text,
    )
    assert "已拒绝" in text
    assert "持有人没有授权这种材料。" in text


def test_news_are_counted_until_they_were_seen(world: PortalWorld) -> None:
    _, visitor = pulled(world)
    visitor.open("/space")
    before = visitor.page.text
    marked = visitor.get("/space/accesses").text.count('class="fresh"')

    visitor.open("/space")

    assert "有 7 条新动态。" in before
    assert marked == 7
    assert "没有新动态，一切如常。" in visitor.page.text
    assert 'class="fresh"' not in visitor.get("/space/accesses").text


def test_only_the_newest_page_makes_news_old(world: PortalWorld) -> None:
    _, visitor = pulled(world)

    visitor.get("/space/accesses?before=3")

    visitor.open("/space")
    assert "有 7 条新动态。" in visitor.page.text


def test_older_entries_stand_on_further_pages_without_a_hole(world: PortalWorld) -> None:
    _, visitor = pulled(world)
    for _ in range(17):
        visitor.open("/space/records")
        link = next(one for one in visitor.page.links if one.startswith("/space/records/"))
        visitor.get(link)

    visitor.open("/space/accesses")
    older = next(one for one in visitor.page.links if "before=" in one)
    first, second = titles(visitor), titles(visitor, older)
    visitor.open(older)

    assert (len(first), len(second)) == (20, 5)
    assert first[:17] == ["您打开了自己的居民身份证"] * 17
    assert second[-1].startswith("您的空间开通了")
    assert "回到最新" in visitor.page.text
    assert not [one for one in visitor.page.links if "before=" in one and "lang" not in one]


@pytest.mark.parametrize("before", ["x", "-1", str(2**60), "1e3", ""])
def test_a_place_in_the_list_that_cannot_be_is_a_page_that_says_so(
    world: PortalWorld, before: str
) -> None:
    visitor = world.member(world.settled())

    answer = visitor.get(f"/space/accesses?before={before}")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_an_entry_says_everything_it_knows(world: PortalWorld) -> None:
    holder, visitor = pulled(world)
    [consent] = world.consents(holder)
    visitor.open("/space/accesses")
    links = [
        one for one in visitor.page.links if re.fullmatch("/space/accesses/[0-9a-f]{32}", one)
    ]

    visitor.open(links[1])

    text = visitor.page.text
    for said in (
        "谁 示范区市场监督管理局（模拟） 系统：示范区市场监督管理局（模拟）业务系统",
        "凭什么 凭您的授权",
        "办什么事 食品经营许可（小微餐饮）",
        "用来做什么 申请行政许可",
        f"办件号后 7 位 {consent.case_no[-7:]}",
        "哪些材料 居民身份证 · 完整内容 姓名、公民身份号码、有效期止",
        "您的第几条记录 7",
        f"登记编号 {links[1][-32:]}",
    ):
        assert said in text
    assert holder.number not in text


def test_an_own_act_says_from_which_network(world: PortalWorld) -> None:
    _, visitor = pulled(world)
    visitor.open("/space/accesses")
    links = [
        one for one in visitor.page.links if re.fullmatch("/space/accesses/[0-9a-f]{32}", one)
    ]

    visitor.open(links[4])

    assert "您同意示范区市场监督管理局（模拟）调取居民身份证" in visitor.page.text
    assert "谁 您本人 示范区市场监督管理局（模拟）" in visitor.page.text


def test_every_receipt_verifies_offline(world: PortalWorld) -> None:
    _, visitor = pulled(world)
    visitor.open("/space/accesses")
    links = [one for one in visitor.page.links if one.endswith("/receipt")]

    proven = [bundle_proves(visitor.get(link).content, trust=trust(world)) for link in links]

    assert [one.kind for one in proven] == [
        Kind.REFUSAL,
        Kind.PULL,
        Kind.PULL,
        Kind.LIST,
        Kind.CONSENT_GIVE,
        Kind.CASE_OPEN,
        Kind.DEPOSIT,
        Kind.HOLDER_OPENED,
    ]


def test_a_receipt_is_a_file_to_be_saved(world: PortalWorld) -> None:
    _, visitor = pulled(world)
    visitor.open("/space/accesses")

    answer = visitor.get(visitor.page.link(ending="/receipt"))

    assert answer.headers["content-type"] == "application/zip"
    assert re.fullmatch(
        r"attachment; filename=\"receipt-\d+\.zip\"; filename\*=UTF-8''receipt-\d+\.zip",
        answer.headers["content-disposition"],
    )
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("end", ["", "/receipt"])
@pytest.mark.parametrize("place", ["theirs", ANY, "x"])
def test_an_entry_of_somebody_else_is_as_if_there_was_none(
    world: PortalWorld, place: str, end: str
) -> None:
    _, other = pulled(world)
    other.open("/space/accesses")
    theirs = other.page.link(ending="/receipt").removesuffix("/receipt")
    visitor = world.member(world.settled())
    path = theirs if place == "theirs" else f"/space/accesses/{place}"

    answer = visitor.get(path + end)

    assert answer.status_code == 404
    assert "没有找到这一页" in answer.text


def test_a_refused_deposit_is_told_too(world: PortalWorld) -> None:
    holder, visitor = pulled(world)

    with pytest.raises(Exception, match="issue-not-registered"):
        world.deposit(
            holder,
            "ID01",
            {one: value for one, value in identity_card(holder).items() if one != "portrait"},
            issuer=MARKET,
        )

    assert titles(visitor)[0] == "示范区市场监督管理局（模拟）想登记或更改您的居民身份证"
    assert "该系统没有登记写入这种材料。" in visitor.get("/space/accesses").text
