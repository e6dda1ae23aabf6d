"""Nothing about me is missing: the key is fetched once, and the rest needs no server of ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.verify.cli import main
from tests.support.http_world import HttpWorld
from tests.support.mirrors import write_mirror
from vault.journal.kinds import Kind
from vault.journal.tiles import leaves_of, tile_in, tile_path

OWN, OF_DEPARTMENT = "/v1/me/journal-key", "/v1/journal-key"


def mirrored(world: HttpWorld, folder: Path) -> Path:
    """Fetch the log by its public paths, as any client of tlog-tiles would."""
    note, leaves, index = world.http.get("/log/checkpoint").text, list[bytes](), 0
    while tile := tile_in(int(note.split("\n")[1]), level=None, index=index):
        answer = world.http.get(f"/log/{tile_path(tile)}")
        assert answer.status_code == 200
        leaves += leaves_of(answer.content)
        index += 1
    return write_mirror(folder, leaves, note=note)


def policy_of(world: HttpWorld, folder: Path) -> Path:
    keys = world.http.get("/log/keys").text.splitlines()
    file = folder / "policy"
    file.write_text("".join(f"log {key}\n" for key in keys) + "quorum none\n")
    return file


def mine(world: HttpWorld, folder: Path, told: Any) -> int:  # noqa: ANN401 - any JSON
    folder.mkdir()
    key = folder / "key.json"
    key.write_text(json.dumps(told))
    mirror = mirrored(world, folder / "mirror")
    policy = policy_of(world, folder)
    return main(["mine", "--tag-key", str(key), "--policy", str(policy), str(mirror)])


def test_a_holder_finds_every_own_entry_and_sees_one_that_is_kept_from_the_list(
    world: HttpWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person, record_id = world.settled()
    world.settled()  # Somebody else's entries lie between.
    browser = world.strong(person)
    browser.get(f"/v1/me/records/{record_id}")

    answer = browser.post(OWN)

    told = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment;")
    listed = browser.get("/v1/me/accesses").json()["accesses"]
    [log] = told["logs"]
    assert [one["index"] for one in log["entries"]] == [one["index"] for one in listed[::-1]]
    assert listed[0]["kind"] == Kind.OWN_EXPORT.value
    assert mine(world, tmp_path / "all", told) == 0
    assert capsys.readouterr().out.splitlines()[-2].endswith(f"  {Kind.OWN_EXPORT.value}")
    del log["entries"][1]
    log["count"] -= 1
    assert mine(world, tmp_path / "hidden", told) == 3


def test_a_holder_without_a_passkey_gets_no_key_and_the_try_is_told(world: HttpWorld) -> None:
    person, _ = world.settled()
    browser = world.browser(person)

    answer = browser.post(OWN)

    assert answer.status_code == 403
    assert answer.json()["reasons"] == ["export-needs-passkey"]
    newest = browser.get("/v1/me/accesses").json()["accesses"][0]
    assert (newest["kind"], newest["reasons"]) == ("refusal", ["export-needs-passkey"])


def test_a_department_finds_what_was_done_in_its_name(
    world: HttpWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person, _ = world.settled()
    world.police.deposit(person)
    token = world.police.token()

    answer = world.police.send(OF_DEPARTMENT, b"", token=token)

    told = answer.json()
    assert (answer.status_code, told["kind"]) == (200, "department")
    assert mine(world, tmp_path / "all", told) == 0
    found = capsys.readouterr().out.splitlines()
    assert len(found) == 1 + told["logs"][0]["count"]
    told["logs"][0]["count"] -= 1
    assert mine(world, tmp_path / "stolen", told) == 3
