"""What ``doctor`` says of witnesses: none, a policy that cannot be kept, and how each stands."""

from pathlib import Path

import pytest

from api.wiring import wire
from api.witness_settings import WitnessSettings
from scripts.checks import State
from scripts.places import Places, embedded_settings, places
from scripts.reading import Opened, reading
from scripts.witness.looking import witnesses
from vault.crypto.signing import SignatureType, SignerKey
from vault.ports.witnesses import QUORUM, WitnessState

NOW_MS = 1_800_000_000_000
KEY = SignerKey(b"\x07" * 32, name="w", algorithm=SignatureType.COSIGNATURE).verifier.encode()
POLICY = f"witness w {KEY} https://w.example\nquorum w\n"


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Return a deployment that has stopped, and knows how its witness stood."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    found = places(tmp_path / "data")
    with wire(embedded_settings(found, port=8765, demo=True)) as wired, wired.vault.work() as tx:
        for name, at_ms, trouble in ((QUORUM, NOW_MS - 120_000, ""), ("w", NOW_MS, "away")):
            tx.witnesses.keep(
                0, WitnessState(witness=name, size=1, note="", at_ms=at_ms, trouble=trouble)
            )
    return found


def look(
    where: Places, monkeypatch: pytest.MonkeyPatch, policy: str | None
) -> list[tuple[str, State, str, str]]:
    if policy is not None:
        (where.data / "policy").write_text(policy)
        monkeypatch.setenv("MYSPACE_WITNESSES__POLICY_FILE", str(where.data / "policy"))
    with reading(where.data) as opened:
        assert isinstance(opened, Opened)
        return [
            (one.what.en, one.state, one.seen.en.partition(": ")[2] or one.seen.en, one.step.en)
            for one in witnesses(opened, now_ms=NOW_MS)
        ]


def test_without_witnesses_the_operator_is_reminded(
    where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(what, state, seen, step)] = look(where, monkeypatch, None)

    assert (what, state, seen) == ("witnesses", State.CARE, "none")
    assert "MYSPACE_WITNESSES__POLICY_FILE" in step


def test_a_policy_that_cannot_be_kept_is_bad(
    where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(_, state, seen, _)] = look(where, monkeypatch, "nonsense\n")

    assert state is State.BAD
    assert "MYSPACE_WITNESSES__POLICY_FILE" in seen


def test_each_witness_and_the_quorum_are_shown_as_they_stand(
    where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = SignerKey(b"\x09" * 32, name="v", algorithm=SignatureType.COSIGNATURE)
    policy = f"witness v {second.verifier.encode()} https://v.example\n{POLICY}"

    found = look(where, monkeypatch, policy)

    assert [(what, state, seen) for what, state, seen, _ in found] == [
        ("witness v", State.CARE, "0 of 2 entries, — ago"),
        ("witness w", State.CARE, "1 of 2 entries, 0 s ago · away"),
        ("quorum", State.CARE, "1 of 2 entries, 120 s ago"),
    ]
    assert all(step for *_, step in found)


def test_groups_are_those_of_the_catalogue() -> None:
    asked = WitnessSettings(policy_file=Path("policy"), groups="identity, credit")

    assert asked.named == {"credit", "identity"}
    with pytest.raises(ValueError, match="the groups of the catalogue"):
        WitnessSettings(policy_file=Path("policy"), groups="credits")
