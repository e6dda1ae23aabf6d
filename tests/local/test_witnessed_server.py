"""A real server process and its real witnesses: a pull, a witness down, a database put back."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

from api.settings import PREFIX, Settings
from api.wiring import wire
from scripts.local.process import became
from tests.support.founding import settings_of
from tests.support.served import CODE, MYSPACE, Served, served
from tests.support.witnesses import Witnesses, witnesses
from vault.crypto.signing import VerifierKey
from vault.journal.notes import verify_note
from vault.journal.receipts import verify_receipt
from vault.journal.trust import Policy
from vault.services.log_keys import verifier_keys

pytestmark = pytest.mark.slow


def founded(settings: Settings) -> tuple[VerifierKey, ...]:
    with wire(settings) as wired:
        return tuple(map(VerifierKey.parse, verifier_keys(wired.vault, wired.vault.logs[0])))


def asked(found: Witnesses, policy_file: Path) -> dict[str, str]:
    return found.settings | {
        "WITNESSES__POLICY_FILE": str(policy_file),
        "WITNESSES__GROUPS": "identity",
        "WITNESSES__EVERY_SECONDS": "1",
    }


def doctor(settings: Settings, more: dict[str, str]) -> str:
    """Return what the operator is told beside a running server."""
    ran = subprocess.run(  # noqa: S603 - our own program
        [MYSPACE, "doctor", "--data", settings.data],
        env={
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "MYSPACE_STATE": str(settings.state),
            "MYSPACE_KEYS__ROOT_KEY_FILE": str(settings.keys.root_key_file),
            **{f"{PREFIX}{name}": value for name, value in more.items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout


def pulled(server: Served, *, note: str) -> str:
    """Let a department pull an identity card; return the text of its receipt."""
    holder = server.settled()
    given = server.authorized(holder, note=note)
    token = given.requester.redeem(given.request, callback=given.callback)
    answer = given.requester.pull(token, code=CODE, view="full")
    assert answer.status == 200, answer.body
    text: str = answer.body["receipt"]["text"]
    return text


def test_a_server_and_its_witnesses_from_a_pull_to_a_database_that_was_put_back(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path)
    keys = founded(settings)
    older = settings.database.read_bytes()
    policy_file = tmp_path / "policy"
    with witnesses(tmp_path / "witnesses", count=3, logs=keys) as found:
        policy_file.write_text(found.policy(*keys, quorum=2))
        policy = Policy.parse(policy_file.read_text())
        more = asked(found, policy_file)
        with served(tmp_path, more=more) as server:
            receipt = pulled(server, note="all three are there")
            checkpoint = requests.get(f"{server.origin}/log/checkpoint", timeout=5).text
            calm = doctor(settings, more)
            found.each[2].stop()
            told = became(
                lambda: "witness w3" in requests.get(f"{server.origin}/readyz", timeout=5).text,
                seconds=15,
            )
            alarmed = doctor(settings, more)
            one_down = pulled(server, note="one is down")
        published = (settings.publishes_to / "checkpoint").read_text()

        assert len(verify_receipt(receipt, policy).witnesses) >= 2
        assert verify_receipt(one_down, policy).witnesses == {"w1", "w2"}
        for note in (checkpoint, published):
            signed_by = verify_note(note, keys=[*keys, *policy.witnesses.values()]).signed_by
            assert set(keys) <= set(signed_by)
            assert len(signed_by) >= 4
        assert told
        assert "nobody answered" not in calm
        assert "nobody answered" in alarmed

        settings.database.write_bytes(older)
        for path in (*settings.state.glob("journal*"), *settings.publishes_to.iterdir()):
            path.unlink()
        with (
            pytest.raises(AssertionError) as stopped,
            served(tmp_path, more=more),
        ):
            pass

    said = str(stopped.value)
    assert "has seen" in said
    assert "已冻结" in said
    assert "so it is frozen" in said
