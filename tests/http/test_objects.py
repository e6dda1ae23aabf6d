"""Sealed files in a bucket, from end to end: deposited, read by their holder, and an outage."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import S3Settings
from scripts.local.seaweedfs import SeaweedFS
from tests.support.buckets import names_in
from tests.support.front import Does, Front
from tests.support.http_world import PDF, HttpWorld, identity_card, open_world

LARGE = PDF + os.urandom(9 * 2**20)


@pytest.fixture
def world(seaweed: SeaweedFS, gate: Front, bucket: str, tmp_path: Path) -> Iterator[HttpWorld]:
    """Return a deployment whose files lie in a bucket behind the front."""
    s3 = S3Settings(
        address=f"http://{gate.endpoint}/{bucket}",
        credentials_file=seaweed.vault.write(tmp_path / "keys"),
    )
    with open_world(tmp_path, s3=s3) as opened:
        yield opened


def test_a_file_is_deposited_into_the_bucket_and_read_back_by_its_holder(
    world: HttpWorld, seaweed: SeaweedFS, bucket: str
) -> None:
    person = world.person()
    files = [("small.pdf", PDF), ("large.pdf", LARGE)]

    answer = world.police.upload("/v1/records", identity_card(person), files)

    record_id = answer.json()["record_id"]
    browser = world.browser(person)
    read = [browser.get(f"/v1/me/records/{record_id}/files/{n}").content for n in (1, 2)]
    assert (answer.status_code, read) == (201, [PDF, LARGE])
    assert len(names_in(seaweed, bucket)) == len(files)


def test_while_the_store_is_busy_nothing_is_kept_and_everybody_is_told_when_to_come_back(
    world: HttpWorld, gate: Front, seaweed: SeaweedFS, bucket: str
) -> None:
    person = world.person()
    kept = world.police.upload("/v1/records", identity_card(person), [("a.pdf", PDF)]).json()
    browser = world.browser(person)

    gate.rule = lambda _: Does.BUSY
    refused = world.police.upload("/v1/records", identity_card(person), [("b.pdf", PDF)])
    unread = browser.get(f"/v1/me/records/{kept['record_id']}/files/1")
    listed = browser.get("/v1/me/records")
    gate.rule = lambda _: Does.PASS
    back = browser.get(f"/v1/me/records/{kept['record_id']}/files/1")
    again = world.police.upload("/v1/records", identity_card(person), [("b.pdf", PDF)])

    for answer in (refused, unread):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert json.loads(answer.text)["type"].endswith("no-storage")
    assert [one["record_id"] for one in listed.json()] == [kept["record_id"]]
    assert (back.content, again.status_code) == (PDF, 201)
    assert len(names_in(seaweed, bucket)) == 2
