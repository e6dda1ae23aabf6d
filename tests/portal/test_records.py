"""What is in the space, opened by its holder: each look is an entry."""

import re

import pytest

from tests.support.portal_world import PDF, POLICE, PortalWorld, Visitor, identity_card
from vault.ids import RecordId
from vault.records import RecordStatus

ANY = "0" * 32


def record_link(visitor: Visitor) -> str:
    visitor.open("/space/records")
    [link] = [
        one for one in visitor.page.links if re.fullmatch("/space/records/[0-9a-f]{32}", one)
    ]
    return link


def own_reads(visitor: Visitor) -> int:
    visitor.open("/space/accesses")
    return visitor.page.text.count("您打开了自己的居民身份证")


def test_records_stand_in_their_groups_with_issuer_state_and_validity(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.member(holder)

    visitor.open("/space/records")

    text = visitor.page.text
    assert "身份 1 份 居民身份证 有效 示范区公安分局（模拟） 有效期到 2040年5月18日" in text
    assert holder.number not in text
    assert own_reads(visitor) == 0


def test_opening_a_record_is_an_entry_and_the_page_says_which(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.member(holder)
    masked = f"{holder.number[0]}{'*' * 16}{holder.number[-1]}"

    visitor.open(record_link(visitor))

    text = visitor.page.text
    [told] = re.findall(r"您这次打开已经登记，编号 (\d+)。", text)
    assert f"姓名 {holder.name} 性别 女 民族 汉 出生日期 1900年1月1日" in text
    assert f"公民身份号码 {masked} 显示完整内容 {holder.number}" in text
    assert "A 级，最高 发证部门直接提供，可以直接使用。" in text
    assert own_reads(visitor) == 1
    receipt = visitor.get(visitor.page.link(ending="/receipt"))
    assert f'filename="receipt-{told}.zip"' in receipt.headers["content-disposition"]


def test_an_english_reader_gets_every_word_of_ours_in_english(world: PortalWorld) -> None:
    visitor = world.member(world.settled(), locale="en")

    visitor.open(record_link(visitor))

    text = visitor.page.text
    assert "Birth date 1 January 1900" in text
    assert "Issued by Demo District Public Security (simulated)" in text
    assert "Validity 18 May 2020 to 18 May 2040" in text


def test_a_record_whose_status_changed_says_so(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.member(holder)
    record_id = RecordId(bytes.fromhex(record_link(visitor).rpartition("/")[2]))

    world.change_status(record_id, RecordStatus.CANCELLED, issuer=POLICE)

    visitor.open("/space/records")
    assert "居民身份证 已注销" in visitor.page.text
    visitor.open("/space/accesses")
    assert "示范区公安分局（模拟）更改了居民身份证的状态" in visitor.page.text
    assert "状态：有效 → 已注销" in visitor.page.text


@pytest.mark.parametrize("place", ["theirs", ANY, "x", "0" * 31 + "G"])
def test_a_record_of_somebody_else_is_as_if_there_was_none(world: PortalWorld, place: str) -> None:
    theirs = record_link(world.member(world.settled()))
    visitor = world.member(world.settled())
    path = theirs if place == "theirs" else f"/space/records/{place}"

    answers = [visitor.get(path), visitor.get(f"{path}/files/1")]

    assert [one.status_code for one in answers] == [404, 404]
    assert ["没有找到这一页" in one.text for one in answers] == [True, True]
    assert own_reads(visitor) == 0


def test_a_file_is_saved_under_its_name_and_opened_nowhere(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    link = record_link(visitor)

    first, second = (visitor.get(f"{link}/files/{number}") for number in (1, 2))

    assert (first.content, second.content) == (PDF, PDF * 20_000)
    assert first.headers["content-disposition"] == (
        "attachment; filename=\"___scan.pdf\"; filename*=UTF-8''%E6%AD%A3%E9%9D%A2%20scan.pdf"
    )
    assert first.headers["content-type"] == "application/pdf"
    assert first.headers["content-length"] == str(len(PDF))
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert own_reads(visitor) == 2


@pytest.mark.parametrize("number", ["0", "3", "21", "-1", "x", "1e1"])
def test_a_file_that_is_not_there_is_a_page_that_says_so(world: PortalWorld, number: str) -> None:
    visitor = world.member(world.settled())

    answer = visitor.get(f"{record_link(visitor)}/files/{number}")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_a_large_file_is_told_in_megabytes(world: PortalWorld) -> None:
    holder = world.person()
    files = [("large.pdf", PDF * 100_000), ("small.pdf", PDF)]
    world.deposit(holder, "ID01", identity_card(holder), files=files)
    visitor = world.member(holder)

    visitor.open(record_link(visitor))

    assert "large.pdf PDF 文件 · 1.7 MB small.pdf PDF 文件 · 1 KB" in visitor.page.text
