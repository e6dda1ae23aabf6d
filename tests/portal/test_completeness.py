"""Is anything missing? A holder takes the file along that answers it without us."""

import json

from api.portal.door import FORM_COOKIE
from tests.support.portal_world import PortalWorld
from vault.journal.entries import Kind

PAGE = "/space/complete"
FILE = "myspace-journal-key.json"
CONFIRM = "/space/confirm?onward=%2Fspace%2Fcomplete"


def test_the_file_is_asked_for_with_a_passkey_downloaded_and_told_of(world: PortalWorld) -> None:
    visitor = world.strong(world.settled())

    page = visitor.open(PAGE).text
    answer = visitor.submit(holding="csrf", then="/complete")

    assert "下载核对文件" in page
    assert FILE in page
    assert answer.headers["content-type"] == "application/json"
    assert FILE in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    told = json.loads(answer.content)
    [log] = told["logs"]
    assert (told["v"], told["kind"], log["origin"]) == (1, "holder", world.vault.logs[0].origin)
    assert len(log["entries"]) == log["count"]
    assert "您下载了核对文件" in visitor.open("/space/accesses").text


def test_the_list_of_who_looked_leads_there(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    assert f'href="{PAGE}"' in visitor.open("/space/accesses").text


def test_without_a_passkey_one_is_led_to_confirm_and_back(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    answer = visitor.get(PAGE)

    assert answer.status_code == 303
    assert answer.headers["location"] == CONFIRM


def test_a_form_sent_without_a_passkey_gets_no_file_and_is_told_of(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    visitor.open("/space")

    answer = visitor.send(PAGE, {"csrf": visitor.cookie(world.wired.cookie(FORM_COOKIE))})

    assert (answer.status_code, answer.headers["location"]) == (303, CONFIRM)
    assert "tag_key" not in answer.text
    ledger = visitor.open("/space/accesses").text
    assert "您想下载核对文件" in ledger
    assert Kind.OWN_EXPORT.value not in ledger


def test_an_english_reader_is_told_in_english(world: PortalWorld) -> None:
    visitor = world.strong(world.settled())

    page = visitor.get(PAGE + "?lang=en").text

    assert "Is anything missing?" in page
    assert "This file is like a key; keep it safe." in page
